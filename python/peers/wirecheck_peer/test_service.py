"""What `grpc.testing.TestService` answers, the service of the official interop cases.

Shared by threads and asyncio. Whether a request was compressed cannot be seen, as grpcio does not
say it: `expect_compressed` is not heeded.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import grpc
from google.protobuf import message_factory
from google.protobuf.message import Message

from wirecheck_peer import metadata, official
from wirecheck_peer.scripts import status_code

NAME = f"{official.PACKAGE}.TestService"

messages_pb2 = official.module("messages_pb2")
test_pb2 = official.module("test_pb2")

# Left to the library's router, which has to answer for what no handler implements.
_UNIMPLEMENTED = "UnimplementedCall"
# Bytes. A request must not have the peer run out of memory.
_LARGEST_BODY = 64 * 1024 * 1024
_ECHO_LEADING = "x-grpc-test-echo-initial"
_ECHO_TRAILING = "x-grpc-test-echo-trailing-bin"
# How long a proxy may keep the answer to a `CacheableUnaryCall`.
CACHE_CONTROL = ("cache-control", "max-age=60")


class Method(NamedTuple):
    """One method of the service."""

    name: str
    path: str
    streams_requests: bool
    streams_responses: bool
    request_type: type[Message]
    response_type: type[Message]


def methods() -> list[Method]:
    """The methods that have handlers."""
    service = test_pb2.DESCRIPTOR.services_by_name["TestService"]
    return [
        Method(
            name=each.name,
            path=f"/{NAME}/{each.name}",
            streams_requests=each.client_streaming,
            streams_responses=each.server_streaming,
            request_type=message_factory.GetMessageClass(each.input_type),
            response_type=message_factory.GetMessageClass(each.output_type),
        )
        for each in service.methods
        if each.name != _UNIMPLEMENTED
    ]


def generic_handler(
    behavior: Callable[[Method], Callable[..., Any]],
) -> grpc.GenericRpcHandler:
    """The service for a server's router: the generated code would register what has no handler."""
    handlers = {method.name: _rpc_method_handler(method, behavior(method)) for method in methods()}
    return grpc.method_handlers_generic_handler(NAME, handlers)


def _rpc_method_handler(method: Method, behavior: Callable[..., Any]) -> grpc.RpcMethodHandler:
    kinds = [
        "stream" if streams else "unary"
        for streams in (method.streams_requests, method.streams_responses)
    ]
    make = getattr(grpc, f"{'_'.join(kinds)}_rpc_method_handler")
    return make(behavior, method.request_type.FromString, method.response_type.SerializeToString)


class Refused(Exception):
    """The call is to end with this status."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def demand_ok(request: Any) -> None:
    """Refuses a call whose request asks for another status than OK."""
    wanted = request.response_status
    if wanted.code:
        known = 0 < wanted.code <= grpc.StatusCode.UNAUTHENTICATED.value[0]
        code = status_code(wanted.code) if known else grpc.StatusCode.UNKNOWN
        raise Refused(code, wanted.message)


class Answer(NamedTuple):
    """A response and how it is to go out."""

    response: Message
    compressed: bool = False  # Only if the listener has a coding.
    pause: float = 0  # Seconds to wait before it.


def simple_response(request: Any) -> Answer:
    """The answer to a unary call."""
    demand_ok(request)
    response = messages_pb2.SimpleResponse(payload=_payload(request.response_size))
    return Answer(response, request.response_compressed.value)


def responses(request: Any) -> Iterator[Answer]:
    """What a request asks for, one after the other."""
    for parameters in request.response_parameters:
        response = messages_pb2.StreamingOutputCallResponse(payload=_payload(parameters.size))
        pause = max(parameters.interval_us, 0) / 1_000_000
        yield Answer(response, parameters.compressed.value, pause)


def aggregate(size: int) -> Answer:
    """The answer to a stream of requests."""
    return Answer(messages_pb2.StreamingInputCallResponse(aggregated_payload_size=size))


def _payload(size: int) -> Message:
    if not 0 <= size <= _LARGEST_BODY:
        code = grpc.StatusCode.INVALID_ARGUMENT
        raise Refused(code, f"a body of {size} bytes cannot be had")
    return messages_pb2.Payload(body=bytes(size))


def echoed_leading(pairs: metadata.Pairs) -> metadata.Pairs:
    """The metadata of a request that comes back ahead of its responses."""
    return _of_key(pairs, _ECHO_LEADING)


def echoed_trailing(pairs: metadata.Pairs) -> metadata.Pairs:
    """Likewise, behind them."""
    return _of_key(pairs, _ECHO_TRAILING)


def _of_key(pairs: metadata.Pairs, wanted: str) -> metadata.Pairs:
    return tuple((key, value) for key, value in pairs or () if key == wanted)
