"""The orders there are, the newest first."""

from __future__ import annotations

from shop.orders.v1 import orders_pb2 as orders


def _order(identifier: str, placed_on: str, lines: dict[str, int], **labels: str) -> orders.Order:
    return orders.Order(
        id=identifier,
        placed_on=placed_on,
        lines=[orders.OrderLine(sku=sku, quantity=quantity) for sku, quantity in lines.items()],
        labels=labels,
    )


ORDERS = [
    _order("C-3", "2026-11-20", {"teapot": 1}),
    _order("B-2", "2026-11-19", {"candle": 12, "cup-plain": 6}, gift="yes", wrapping="paper"),
    _order("A-1", "2026-11-17", {"bowl-blue": 2}, note="Größe M"),
]
