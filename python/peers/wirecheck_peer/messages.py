"""Message types, what is sent, and what was seen of what came in."""

import functools
import hashlib
import importlib
from collections.abc import Iterable

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message
from wirecheck.v1 import peer_pb2

from wirecheck_peer import official
from wirecheck_peer.errors import CouldNotTryError

MAX_SEEN = 1_000  # Messages of which more than their number is reported.
_HEAD = 4 * 1024  # Bytes of a message that are always reported.
_WHOLE = 4 * 1024 * 1024  # Bytes of the longest message that is reported in full.
_MAX_FILL = 64 * 1024 * 1024  # Bytes of all fills of one payload.
_MAX_ERROR = 1_000  # Characters of a codec's error.

_BUILT_IN = {
    "HelloRequest": "hello_pb2",
    "HelloReply": "hello_pb2",
    "helloworld.HelloRequest": "helloworld_pb2",
    "helloworld.HelloReply": "helloworld_pb2",
}

Outgoing = Message | bytes  # A message to be encoded, or bytes to be sent as they are.


def message_class(name: str, descriptor_set: bytes) -> type[Message]:
    """The class of a message type: described by the order itself, or built in."""
    if not descriptor_set and not _is_built_in(name):
        raise CouldNotTryError(f"{name!r} is not built in and no descriptor set came with it")
    try:
        return message_factory.GetMessageClass(_pool(descriptor_set).FindMessageTypeByName(name))
    except KeyError as error:
        if not _is_built_in(name):
            raise CouldNotTryError(f"the descriptor set has no message {name!r}") from error
    return _built_in(name)


def _is_built_in(name: str) -> bool:
    return name in _BUILT_IN or name.rpartition(".")[0] == official.PACKAGE


def _built_in(name: str) -> type[Message]:
    package, _, simple = name.rpartition(".")
    if package != official.PACKAGE:
        return getattr(importlib.import_module(_BUILT_IN[name]), simple)
    modules = map(official.module, ("empty_pb2", "messages_pb2"))
    found = next((getattr(module, simple) for module in modules if hasattr(module, simple)), None)
    if found is None:
        raise CouldNotTryError(f"there is no message {name!r}")
    return found


@functools.lru_cache(maxsize=32)
def _pool(descriptor_set: bytes) -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    try:
        for file in descriptor_pb2.FileDescriptorSet.FromString(descriptor_set).file:
            pool.Add(file)
    except (DecodeError, TypeError) as error:
        raise CouldNotTryError(f"the descriptor set cannot be used: {error}") from error
    return pool


def outgoing(step: peer_pb2.Step, message_type: type[Message]) -> Outgoing:
    """What a `message` or `raw` step sends."""
    if step.WhichOneof("kind") == "raw":
        return _payload(step.raw)
    try:
        return message_type.FromString(_payload(step.message))
    except DecodeError as error:
        raise CouldNotTryError(f"the given message cannot be decoded: {error}") from error


def _payload(payload: peer_pb2.Payload) -> bytes:
    if sum(piece.fill.count for piece in payload.pieces) > _MAX_FILL:
        raise CouldNotTryError(f"the fills of a payload are longer than {_MAX_FILL} bytes")
    return b"".join(map(_piece, payload.pieces))


def _piece(piece: peer_pb2.Piece) -> bytes:
    if not piece.HasField("fill"):
        return piece.bytes
    if piece.fill.byte > 0xFF:
        raise CouldNotTryError(f"a fill repeats {piece.fill.byte}, which is no byte")
    return bytes([piece.fill.byte]) * piece.fill.count


def serialize(item: Outgoing) -> bytes:
    """grpcio's serializer for everything: a message by its own code, bytes as they are."""
    return item if isinstance(item, bytes) else item.SerializeToString()


def payload_steps(steps: Iterable[peer_pb2.Step]) -> list[int]:
    """The numbers, from 1, of the steps that send a message."""
    return [
        number
        for number, step in enumerate(steps, 1)
        if step.WhichOneof("kind") in ("message", "raw")
    ]


class Inbox:
    """grpcio's deserializer for one call, which notes all that it decodes.

    grpcio decodes a message when somebody reads it, so what was decoded is what was received.
    """

    def __init__(self, message_type: type[Message] | None, whole: bool = False) -> None:
        self._type = message_type
        self._seen: list[peer_pb2.Seen] = []
        self.count = 0
        self.refused = False  # Whether the codec refused a message.
        # An event must fit into an envelope, so the messages of a call share one allowance for
        # what goes beyond the first bytes of each.
        self._allowance = _WHOLE if whole else 0

    def report(self, whole: bool) -> list[peer_pb2.Seen]:
        """What was received, at most the first `MAX_SEEN`."""
        if not whole:
            for seen in self._seen:
                seen.head = seen.head[:_HEAD]
        return self._seen

    def deserialize(self, data: bytes) -> Message:
        """Decodes as generated code does; an error is left to grpcio, as with any user."""
        try:
            message = self._type.FromString(data)
        except DecodeError as error:
            self.refused = True
            self._note(peer_pb2.Seen(codec_error=str(error)[:_MAX_ERROR]))
            raise
        self.note(message)
        return message

    def note(self, message: Message) -> None:
        """Notes a message that was decoded elsewhere."""
        self._note(self._look(message) if self.count < MAX_SEEN else None)

    def _note(self, seen: peer_pb2.Seen | None) -> None:
        self.count += 1
        if seen is not None and self.count <= MAX_SEEN:
            self._seen.append(seen)

    def _look(self, message: Message) -> peer_pb2.Seen:
        data = message.SerializeToString(deterministic=True)
        return peer_pb2.Seen(
            length=len(data), sha256=hashlib.sha256(data).digest(), head=self._head(data)
        )

    def _head(self, data: bytes) -> bytes:
        if len(data) <= _HEAD or len(data) > self._allowance:
            return data[:_HEAD]
        self._allowance -= len(data)
        return data
