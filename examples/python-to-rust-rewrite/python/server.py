"""The service as it is today. Says on stdout where, once it listens.

python server.py --addr 127.0.0.1:50051
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator

import grpc
import prices
import store
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from shop.orders.v1 import orders_pb2 as orders
from shop.orders.v1 import orders_pb2_grpc

LINES_PER_POINT = 10


class OrdersService(orders_pb2_grpc.OrdersServicer):
    async def GetOrder(
        self, request: orders.GetOrderRequest, context: grpc.aio.ServicerContext
    ) -> orders.Order:
        for order in store.ORDERS:
            if order.id == request.id:
                return order
        await context.abort(grpc.StatusCode.NOT_FOUND, f'there is no order "{request.id}"')

    async def ListOrders(
        self, request: orders.ListOrdersRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[orders.Order]:
        await context.send_initial_metadata([("orders-total", str(len(store.ORDERS)))])
        for order in store.ORDERS[: request.limit or None]:
            yield order

    async def CheckOrder(
        self, request: orders.CheckOrderRequest, context: grpc.aio.ServicerContext
    ) -> orders.Receipt:
        lines = len(request.lines)
        if lines == 0:
            await context.abort_with_status(rpc_status.to_status(no_lines()))
        return orders.Receipt(
            thanks=f"Thank you for an order of {lines}",
            delivery=orders.DELIVERY_LETTER if lines == 1 else orders.DELIVERY_PARCEL,
            points=lines // LINES_PER_POINT,
        )

    async def SaveDraft(
        self, request: orders.Draft, context: grpc.aio.ServicerContext
    ) -> orders.Draft:
        # The message that came in, since it also holds the fields of newer clients.
        request.revision = (request.revision + 1) % 2**64
        return request

    async def PriceLines(
        self, request_iterator: AsyncIterator[orders.OrderLine], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[orders.LinePrice]:
        async for line in request_iterator:
            if line.quantity == 0:
                await context.abort(grpc.StatusCode.OUT_OF_RANGE, "a line needs a quantity")
            yield orders.LinePrice(sku=line.sku, minor_units=prices.of(line))


def no_lines() -> status_pb2.Status:
    """What is wrong with an order without lines."""
    violation = error_details_pb2.BadRequest.FieldViolation(
        field="lines", description="an order needs a line"
    )
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.BadRequest(field_violations=[violation]))
    return status_pb2.Status(
        code=code_pb2.INVALID_ARGUMENT, message="this is no order", details=[detail]
    )


async def serve(address: str) -> None:
    server = grpc.aio.server()
    orders_pb2_grpc.add_OrdersServicer_to_server(OrdersService(), server)
    port = server.add_insecure_port(address)
    await server.start()
    host = address.rpartition(":")[0]
    print(f"listening on {host}:{port}", flush=True)
    await server.wait_for_termination()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serves the shop's orders over gRPC.")
    parser.add_argument("--addr", default="127.0.0.1:50051", help="where to listen")
    asyncio.run(serve(parser.parse_args().addr))


if __name__ == "__main__":
    main()
