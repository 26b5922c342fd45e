"""The other end of a peer's connection, by hand: frames of HTTP/2 over a socket."""

import socket

import hpack
from driver import LIMIT

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS = 0, 1, 4
END_STREAM, END_HEADERS = 1, 4
MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_HEADER_LIST_SIZE = 3, 4, 6


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One frame."""
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
    return head + payload


EMPTY_SETTINGS = frame(SETTINGS, 0, 0, b"")


class Line:
    """A connection whose frames are read one by one; flow control is left alone."""

    def __init__(self, connection: socket.socket, preface: bytes = b"") -> None:
        connection.settimeout(LIMIT)
        self._connection = connection
        self._stream = connection.makefile("rb")
        self._decoder = hpack.Decoder()
        self._data = b""  # Of messages that were not asked for yet.
        if self._stream.read(len(preface)) != preface:
            raise AssertionError("no preface")

    def close(self) -> None:
        self._stream.close()
        self._connection.close()

    def payload(self, kind: int) -> bytes:
        """The payload of the next frame of this type."""
        while True:
            head = self._stream.read(9)
            if len(head) < 9:
                raise EOFError(f"the connection ended before a frame of type {kind}")
            payload = self._stream.read(int.from_bytes(head[:3], "big"))
            if head[3] == kind:
                return payload

    def settings(self) -> dict[int, int]:
        """The peer's settings."""
        data = self.payload(SETTINGS)
        pairs = (data[at : at + 6] for at in range(0, len(data), 6))
        return {int.from_bytes(pair[:2], "big"): int.from_bytes(pair[2:], "big") for pair in pairs}

    def headers(self) -> list[tuple[str, str]]:
        """The next headers."""
        return self._decoder.decode(self.payload(HEADERS))

    def message(self) -> tuple[int, bytes]:
        """The next gRPC message of the only stream: its Compressed-Flag and its bytes."""
        while len(self._data) < 5 or len(self._data) < 5 + self._length():
            self._data += self.payload(DATA)
        end = 5 + self._length()
        message, self._data = self._data[:end], self._data[end:]
        return message[0], message[5:]

    def _length(self) -> int:
        return int.from_bytes(self._data[1:5], "big")


def call(address: str, path: str, request: bytes) -> Line:
    """Calls a method that takes one request; the client accepts gzip."""
    host, port = address.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)), LIMIT)
    headers = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", address),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("grpc-accept-encoding", "gzip"),
    ]
    message = b"\0" + len(request).to_bytes(4, "big") + request
    connection.sendall(
        PREFACE
        + EMPTY_SETTINGS
        + frame(HEADERS, END_HEADERS, 1, hpack.Encoder().encode(headers))
        + frame(DATA, END_STREAM, 1, message)
    )
    return Line(connection)
