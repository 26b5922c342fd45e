"""Records the grpcio captures in this folder through a small recording proxy.

Usage: python record.py [CASE...], where a CASE is a key of CASES; all without one.
Client and server speak raw bytes, so no generated code is needed.
"""

import asyncio
import contextlib
import struct
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent import futures
from pathlib import Path

import grpc
import grpc.aio

FOLDER = Path(__file__).parent
PAIR = "python-grpcio.python-grpcio"
WORLD = b"\x0a\x05World"
OPENED, BYTES, HALF_CLOSED, RESET, CLOSED = 0, 1, 3, 5, 7
CLIENT, SERVER = 0, 1


class Recorder:
    """Writes records in the order in which the proxy saw them."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._file.write(b"WIRECAP\x01")
        self._start = time.monotonic_ns()
        self.connections = 0

    def write(self, connection: int, event: int, data: bytes = b"") -> None:
        at = time.monotonic_ns() - self._start
        self._file.write(struct.pack("<IQBI", connection, at, event, len(data)) + data)

    def close(self) -> None:
        self._file.close()


async def forward(
    recorder: Recorder,
    connection: int,
    direction: int,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Copies one direction until it ends, and passes its end on."""
    try:
        while data := await reader.read(65536):
            recorder.write(connection, BYTES + direction, data)
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        recorder.write(connection, RESET + direction)
        writer.transport.abort()
        return
    recorder.write(connection, HALF_CLOSED + direction)
    # The other end may be gone already; its own direction then says so.
    with contextlib.suppress(OSError):
        writer.write_eof()


async def proxy(
    recorder: Recorder, upstream: int
) -> tuple[asyncio.Server, set[asyncio.Task[None]]]:
    """Accepts on a free port and forwards to `upstream`."""
    pending: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recorder.connections += 1
        connection = recorder.connections
        pending.add(asyncio.current_task())
        recorder.write(connection, OPENED)
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", upstream)
        await asyncio.gather(
            forward(recorder, connection, CLIENT, reader, up_writer),
            forward(recorder, connection, SERVER, up_reader, writer),
        )
        recorder.write(connection, CLOSED)
        writer.close()
        up_writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0), pending


class Handlers(grpc.GenericRpcHandler):
    """A greeter on raw bytes, and methods that fail in their own ways."""

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        unary = {
            "/Greeter/SayHello": self.say_hello,
            "/Greeter/Echo": self.echo_metadata,
            "/Greeter/Wait": self.wait_until_over,
            "/Greeter/Fail": self.fail,
        }.get(details.method)
        if unary is not None:
            return grpc.unary_unary_rpc_method_handler(unary)
        if details.method == "/Greeter/SayHellos":
            return grpc.unary_stream_rpc_method_handler(self.say_hellos)
        return None

    def say_hello(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        message = b"Hello, " + request[-5:]
        return bytes([0x0A, len(message)]) + message

    def say_hellos(self, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        for _ in range(3):
            yield self.say_hello(request, context)

    def echo_metadata(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        sent = [(k, v) for k, v in context.invocation_metadata() if k.startswith("x-")]
        context.send_initial_metadata(sent)
        context.set_trailing_metadata(sent)
        return b""

    def wait_until_over(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        over = threading.Event()
        context.add_callback(over.set)
        over.wait(10)
        return b""

    def fail(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        # google.rpc.Status { code: 9, message: "not now", details: [] }
        context.set_trailing_metadata((("grpc-status-details-bin", b"\x08\x09\x12\x07not now"),))
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "50% of 世界\tis not ready")


Call = Callable[[grpc.aio.Channel], Awaitable[None]]


async def unary(
    channel: grpc.aio.Channel, method: str, request: bytes = WORLD, **options: object
) -> None:
    """Makes a call; the status is in the capture, so an error is not one here."""
    try:
        await channel.unary_unary(method)(request, **options)
    except grpc.aio.AioRpcError as error:
        print(f"  {error.code().name}: {error.details()}", file=sys.stderr)


async def metadata_twice(channel: grpc.aio.Channel) -> None:
    """Twice, so that the second header list is mostly indexed fields."""
    sent = (
        ("x-text", "plain"),
        ("x-twice", "one"),
        ("x-twice", "two"),
        ("x-data-bin", b"\x00\x01\xfe\xff"),
        ("x-data-bin", b"\xab\xab\xab"),
    )
    for _ in range(2):
        await unary(channel, "/Greeter/Echo", metadata=sent)


async def server_streaming(channel: grpc.aio.Channel) -> None:
    async for _ in channel.unary_stream("/Greeter/SayHellos")(WORLD):
        pass


async def many(channel: grpc.aio.Channel) -> None:
    await asyncio.gather(*(unary(channel, "/Greeter/SayHello") for _ in range(10)))


def unary_case(method: str, request: bytes = WORLD, **options: object) -> Call:
    return lambda channel: unary(channel, method, request, **options)


NO_TRUE_BINARY = ("grpc.http2.true_binary", 0)
# Without bandwidth probes grpcio keeps to frames of 16,384 bytes.
SMALL_FRAMES = ("grpc.http2.bdp_probe", 0)
CASES: dict[str, tuple[Call, tuple[tuple[str, int], ...]]] = {
    "say-hello": (unary_case("/Greeter/SayHello"), ()),
    "metadata-base64": (metadata_twice, (NO_TRUE_BINARY,)),
    "metadata-true-binary": (metadata_twice, ()),
    "unknown-method": (unary_case("/Greeter/Nothing"), ()),
    "deadline": (unary_case("/Greeter/Wait", timeout=0.1), ()),
    "server-streaming": (server_streaming, ()),
    "fail-with-details": (unary_case("/Greeter/Fail"), ()),
    "split-message": (
        unary_case("/Greeter/SayHello", b"\x0a\x80\x80\x01" + b"." * 16379 + b"World"),
        (SMALL_FRAMES,),
    ),
    "ten-calls": (many, ()),
}


async def record(case: str) -> None:
    """Records one case into `<pair>.<case>.wirecap`."""
    call, options = CASES[case]
    server = grpc.server(futures.ThreadPoolExecutor(2), options=options)
    server.add_generic_rpc_handlers((Handlers(),))
    upstream = server.add_insecure_port("127.0.0.1:0")
    server.start()
    recorder = Recorder(FOLDER / f"{PAIR}.{case}.wirecap")
    listener, pending = await proxy(recorder, upstream)
    port = listener.sockets[0].getsockname()[1]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        await call(channel)
    listener.close()
    await asyncio.wait_for(asyncio.gather(*pending), 10)
    recorder.close()
    server.stop(None).wait(10)


async def main(cases: list[str]) -> None:
    for case in cases or CASES:
        print(case, file=sys.stderr)
        await record(case)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
