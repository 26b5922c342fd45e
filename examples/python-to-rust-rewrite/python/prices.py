"""What things cost."""

from __future__ import annotations

from shop.orders.v1 import orders_pb2 as orders

# In the smallest unit of the currency. What nobody gave a price costs one.
PRICES = {"bowl-blue": 1450, "candle": 990, "cup-plain": 690, "teapot": 8900}
WITHOUT_PRICE = 100


def of(line: orders.OrderLine) -> int:
    """The price of a line; it fits 64 bits, whatever the quantity."""
    return PRICES.get(line.sku, WITHOUT_PRICE) * line.quantity
