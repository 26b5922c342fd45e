"""Calls every method once or twice and prints what comes back.

    python client.py 127.0.0.1:50051

What it prints for the old service and for the new one should be the same.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable

import grpc
from google.protobuf import text_format
from google.protobuf.message import Message
from google.rpc import error_details_pb2  # noqa: F401 (text_format prints details that it knows)
from grpc_status import rpc_status
from shop.orders.v1 import orders_pb2 as orders
from shop.orders.v1.orders_pb2_grpc import OrdersStub

# For each call. It ends one that hangs, and is no measure.
SECONDS = 10


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: client.py TARGET", file=sys.stderr)
        return 2
    with grpc.insecure_channel(sys.argv[1]) as channel:
        call_all(OrdersStub(channel))
    return 0


def call_all(stub: OrdersStub) -> None:
    line = orders.OrderLine(sku="candle", quantity=2)
    ribbon = orders.OrderLine(sku="ribbon", quantity=3)
    unary("an order", stub.GetOrder, orders.GetOrderRequest(id="B-2"))
    unary("an unknown order", stub.GetOrder, orders.GetOrderRequest(id="Z-9"))
    streaming("all orders", stub.ListOrders, orders.ListOrdersRequest())
    streaming("two orders", stub.ListOrders, orders.ListOrdersRequest(limit=2))
    unary("a line", stub.CheckOrder, orders.CheckOrderRequest(lines=[line]))
    unary("twenty lines", stub.CheckOrder, orders.CheckOrderRequest(lines=[line] * 20))
    unary("no lines", stub.CheckOrder, orders.CheckOrderRequest())
    unary("a draft", stub.SaveDraft, draft_of_a_newer_client())
    streaming("prices", stub.PriceLines, iter([line, ribbon]))
    streaming("no quantity", stub.PriceLines, iter([line, orders.OrderLine(sku="ribbon"), line]))


def draft_of_a_newer_client() -> orders.Draft:
    """A draft with a field 15 that this schema does not have."""
    draft = orders.Draft(title="Winter", revision=7)
    draft.MergeFromString(b"\x7a\x05candy")
    return draft


def unary(title: str, method: grpc.UnaryUnaryMultiCallable, request: Message) -> None:
    try:
        reply, call = method.with_call(request, timeout=SECONDS)
    except grpc.RpcError as error:
        show(title, [], error)
    else:
        show(title, [reply], call)


def streaming(title: str, method: Callable[..., grpc.Call], requests: object) -> None:
    call = method(requests, timeout=SECONDS)
    replies = []
    # How it ended is asked below.
    with contextlib.suppress(grpc.RpcError):
        for reply in call:
            replies.append(reply)
    show(title, replies, call)


def show(title: str, replies: list[Message], call: grpc.Call) -> None:
    """Prints what came back: replies, status with its details, leading metadata."""
    print(f"== {title}")
    for reply in replies:
        print(text_format.MessageToString(reply, print_unknown_fields=True), end="--\n")
    print(f"{call.code().name} {call.details()!r}")
    status = rpc_status.from_call(call)
    if status:
        print(text_format.MessageToString(status), end="")
    for key, value in call.initial_metadata():
        if is_own(key):
            print(f"{key}: {value}")


def is_own(key: str) -> bool:
    """Whether the service set it, and not the library."""
    return key.startswith(("orders-", "x-"))


if __name__ == "__main__":
    sys.exit(main())
