"""Short ways to write the orders that the tests give."""

from typing import Any

from driver import peer_pb2

Step = peer_pb2.Step
WORLD = b"\x0a\x05World"
HELLO_WORLD = b"\x0a\x0cHello, World"
SAY_HELLO = "/Greeter/SayHello"
GREETERS = ["Greeter", "helloworld.Greeter"]
OK, CANCELLED, UNKNOWN, DEADLINE_EXCEEDED = 0, 1, 2, 4
RESOURCE_EXHAUSTED, FAILED_PRECONDITION, UNIMPLEMENTED, INTERNAL, UNAVAILABLE = 8, 9, 12, 13, 14
UNAUTHENTICATED = 16
TCP = peer_pb2.Transport(tcp=peer_pb2.Tcp())


def payload(data: bytes) -> peer_pb2.Payload:
    """A payload of one piece."""
    return peer_pb2.Payload(pieces=[peer_pb2.Piece(bytes=data)])


def message(data: bytes, **step: Any) -> Step:
    """Sends what the peer's codec makes of these bytes."""
    return Step(message=payload(data), **step)


def raw(data: bytes, **step: Any) -> Step:
    """Sends these bytes."""
    return Step(raw=payload(data), **step)


def receive(count: int = 0, **step: Any) -> Step:
    """Receives so many messages, or all."""
    return Step(receive=peer_pb2.Receive(count=count), **step)


def released(latch: str, **step: Any) -> Step:
    """Waits for a release."""
    return Step(wait=peer_pb2.Wait(released=latch), **step)


def after(other: str, **step: Any) -> Step:
    """Waits for a step of the other lane."""
    return Step(wait=peer_pb2.Wait(step=other), **step)


def cancel(**step: Any) -> Step:
    """Cancels the call."""
    return Step(cancel=peer_pb2.Cancel(), **step)


def half_close(**step: Any) -> Step:
    """Ends the requests."""
    return Step(half_close=peer_pb2.HalfClose(), **step)


def await_headers(**step: Any) -> Step:
    """Waits for leading metadata."""
    return Step(await_headers=peer_pb2.AwaitHeaders(), **step)


def headers(*pairs: tuple[str, bytes], **step: Any) -> Step:
    """Sends leading metadata."""
    return Step(headers=peer_pb2.Headers(metadata=metadata(*pairs)), **step)


def status(code: int, text: str = "", **rest: Any) -> Step:
    """Ends the call."""
    return Step(status=peer_pb2.Status(code=code, message=text, **rest))


def panic(text: str) -> Step:
    """Throws."""
    return Step(panic=peer_pb2.Panic(message=text))


def metadata(*pairs: tuple[str, bytes]) -> list[peer_pb2.Metadatum]:
    """Metadata in this order."""
    return [peer_pb2.Metadatum(key=key, value=value) for key, value in pairs]


def with_key(entries: Any, key: str) -> list[bytes]:
    """The values of a key in their order."""
    return [entry.value for entry in entries if entry.key == key]


def script(*send: Step, receive: Any = (), whole: bool = False) -> peer_pb2.Script:
    """A script with a send lane and perhaps a receive lane."""
    return peer_pb2.Script(send=send, receive=receive, whole=whole)


def scripted(
    *scripts: peer_pb2.Script,
    shape: int = peer_pb2.SHAPE_UNARY,
    method: str = SAY_HELLO,
    request_type: str = "HelloRequest",
    response_type: str = "HelloReply",
) -> peer_pb2.MethodScripts:
    """A method that follows these scripts."""
    return peer_pb2.MethodScripts(
        method=method,
        shape=shape,
        request_type=request_type,
        response_type=response_type,
        scripts=scripts,
    )
