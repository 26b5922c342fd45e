"""Frames: an envelope's length as a varint, then the envelope. No input or output here."""

from google.protobuf.message import DecodeError, Message
from wirecheck.v1 import peer_pb2

from wirecheck_peer.errors import BrokenContract

MAGIC = 0x57434B31
MAX_ENVELOPE = 8 * 1024 * 1024  # Bytes.
HALF_READ_LIMIT = 5.0  # Seconds for which a frame may stay incomplete.

# The magic number as it stands on the wire: field 1, fixed32, little-endian.
_PREFIX = bytes([0x0D]) + MAGIC.to_bytes(4, "little")


def encode(envelope: Message) -> bytes:
    """The frame of an envelope whose magic number is not yet set."""
    envelope.magic = MAGIC
    body = envelope.SerializeToString()
    return _varint(len(body)) + body


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


class FrameParser:
    """Cuts the bytes of stdin into orders, however they were split over reads."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def half_read(self) -> bool:
        """Whether a frame has begun and is not yet complete."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[peer_pb2.ToPeer]:
        """Takes bytes and gives the orders that they complete.

        Raises `BrokenContract` as early as the bytes show it: text that was read as a length must
        not make the peer wait for a frame that never comes.
        """
        self._buffer += data
        orders = []
        while (body := self._take_body()) is not None:
            orders.append(_decode(body))
        return orders

    def _take_body(self) -> bytes | None:
        header = self._header()
        if header is None:
            return None
        start, length = header
        self._check_prefix(start, length)
        if len(self._buffer) < start + length:
            return None
        body = bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        return body

    def _header(self) -> tuple[int, int] | None:
        length = 0
        for position, byte in enumerate(self._buffer):
            length |= (byte & 0x7F) << (7 * position)
            if length > MAX_ENVELOPE or position > 4:
                raise BrokenContract(f"an envelope of more than {MAX_ENVELOPE} bytes")
            if byte < 0x80:
                return position + 1, length
        return None

    def _check_prefix(self, start: int, length: int) -> None:
        if length < len(_PREFIX):
            raise BrokenContract(f"an envelope of {length} bytes has no room for the magic number")
        prefix = self._buffer[start : start + len(_PREFIX)]
        if not _PREFIX.startswith(prefix):
            raise BrokenContract(f"an envelope begins with {prefix.hex(' ')}, not the magic number")


def _decode(body: bytes) -> peer_pb2.ToPeer:
    try:
        return peer_pb2.ToPeer.FromString(body)
    except DecodeError as error:
        raise BrokenContract(f"an envelope cannot be decoded: {error}") from error
