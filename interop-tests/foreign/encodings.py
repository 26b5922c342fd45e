"""A grpcio server that writes one and the same stock in different encodings.

    encodings.py canonical|otherwise

Its schema is `encodings.proto` beside it. Says on stdout where it listens, and ends with its stdin.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent import futures

import grpc

# Fields of `Stock`, as protobuf libraries write them and in other bytes that mean the same.
NAME = (b"\x0a\x03tea", b"\x0a\x83\x00tea")
SIZES = (b"\x12\x03\x01\x02\x03", b"\x10\x01\x10\x02\x10\x03")
COUNTS = (
    b"\x1a\x05\x0a\x01a\x10\x01\x1a\x05\x0a\x01b\x10\x02",
    b"\x1a\x05\x0a\x01b\x10\x02\x1a\x05\x0a\x01a\x10\x01",
)
LEFT = (b"", b"\x20\x00")
SHELF = (b"\x2a\x02\x08\x01", b"\x2a\x03\x08\x81\x00")

PLAIN, OTHERWISE = 0, 1


def stock(way: int) -> bytes:
    return b"".join(field[way] for field in (NAME, SIZES, COUNTS, LEFT, SHELF))


def reordered(way: int) -> bytes:
    fields = [NAME[PLAIN], SHELF[PLAIN]]
    return b"".join(reversed(fields) if way == OTHERWISE else fields)


class Handlers(grpc.GenericRpcHandler):
    """Answers with bytes, which no codec touches."""

    def __init__(self, way: int) -> None:
        self._way = way

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        match details.method:
            case "/encodings.Shop/Get":
                return grpc.unary_unary_rpc_method_handler(self._get)
            case "/encodings.Shop/List":
                return grpc.unary_stream_rpc_method_handler(self._list)
        return None

    def _get(self, _request: bytes, _context: grpc.ServicerContext) -> bytes:
        return stock(self._way)

    def _list(self, _request: bytes, _context: grpc.ServicerContext) -> Iterator[bytes]:
        yield stock(PLAIN)
        yield reordered(self._way)


def main() -> None:
    way = ("canonical", "otherwise").index(sys.argv[1])
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    server.add_generic_rpc_handlers((Handlers(way),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    sys.stdin.read()
    server.stop(None)


if __name__ == "__main__":
    main()
