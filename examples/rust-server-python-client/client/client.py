"""A smoke test of the shop: calls every method and checks the answers.

    python client.py 127.0.0.1:50051

Exit status: 0 if every check passes, 1 if one fails.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import grpc
from shop.v1 import shop_pb2 as shop
from shop.v1.shop_pb2_grpc import ShopStub

# For each call. It ends one that hangs, and is no measure.
SECONDS = 10


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: client.py TARGET", file=sys.stderr)
        return 2
    with grpc.insecure_channel(sys.argv[1]) as channel:
        stub = ShopStub(channel)
        passed = [passes(check, stub) for check in CHECKS]
    return 0 if all(passed) else 1


def passes(check: Callable[[ShopStub], None], stub: ShopStub) -> bool:
    name = check.__name__.replace("_", " ")
    try:
        check(stub)
    except (AssertionError, grpc.RpcError) as error:
        print(f"FAIL  {name}: {error}")
        return False
    print(f"ok    {name}")
    return True


def an_item_is_found(stub: ShopStub) -> None:
    item = stub.GetItem(shop.GetItemRequest(sku="bowl-blue"), timeout=SECONDS)
    expect(item.name, "Blue bowl")
    expect(item.price, shop.Money(currency="EUR", minor_units=1450))
    expect(item.availability, shop.AVAILABILITY_IN_STOCK)
    expect(dict(item.attributes), {"width_mm": "120", "colour": "blue"})
    expect(item.HasField("discount_percent"), False)


def an_unknown_item_is_refused(stub: ShopStub) -> None:
    request = shop.GetItemRequest(sku="no-such-thing")
    expect(status_of(stub.GetItem, request), grpc.StatusCode.NOT_FOUND)


def items_are_listed_by_tag(stub: ShopStub) -> None:
    items = list(stub.ListItems(shop.ListItemsRequest(tag="kitchen"), timeout=SECONDS))
    expect([item.sku for item in items], ["bowl-blue", "cup-plain"])
    expect(items[1].HasField("discount_percent"), True)


def an_order_is_placed(stub: ShopStub) -> None:
    lines = [shop.OrderLine(sku="candle", quantity=2), shop.OrderLine(sku="cup-plain", quantity=1)]
    order = stub.PlaceOrder(shop.PlaceOrderRequest(lines=lines, customer="Ada"), timeout=SECONDS)
    expect(list(order.lines), lines)
    expect(order.total.minor_units, 2 * 990 + 690)
    expect(order.thanks, "Thank you, Ada")
    expect(order.HasField("placed_at"), True)


def an_empty_order_is_refused(stub: ShopStub) -> None:
    request = shop.PlaceOrderRequest()
    expect(status_of(stub.PlaceOrder, request), grpc.StatusCode.INVALID_ARGUMENT)


def what_is_sold_out_cannot_be_ordered(stub: ShopStub) -> None:
    request = shop.PlaceOrderRequest(lines=[shop.OrderLine(sku="teapot", quantity=1)])
    expect(status_of(stub.PlaceOrder, request), grpc.StatusCode.FAILED_PRECONDITION)


def a_basket_is_added_up(stub: ShopStub) -> None:
    lines = [shop.OrderLine(sku="teapot", quantity=1), shop.OrderLine(sku="candle", quantity=3)]
    totals = list(stub.FillBasket(iter(lines), timeout=SECONDS))
    expect([total.lines for total in totals], [1, 2])
    expect([total.total.minor_units for total in totals], [8900, 8900 + 3 * 990])


CHECKS = [
    an_item_is_found,
    an_unknown_item_is_refused,
    items_are_listed_by_tag,
    an_order_is_placed,
    an_empty_order_is_refused,
    what_is_sold_out_cannot_be_ordered,
    a_basket_is_added_up,
]


def status_of(call: grpc.UnaryUnaryMultiCallable, request: object) -> grpc.StatusCode:
    """How a call ends."""
    try:
        call(request, timeout=SECONDS)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def expect(got: object, wanted: object) -> None:
    if got != wanted:
        raise AssertionError(f"{got!r} in place of {wanted!r}")


if __name__ == "__main__":
    sys.exit(main())
