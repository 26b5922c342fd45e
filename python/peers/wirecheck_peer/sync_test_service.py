"""`grpc.testing.TestService` on grpcio's threads."""

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import grpc
from google.protobuf.message import Message
from wirecheck.v1 import peer_pb2

from wirecheck_peer import test_service
from wirecheck_peer.messages import Inbox
from wirecheck_peer.records import HandlerRecord, Register
from wirecheck_peer.sync_handler import Handling
from wirecheck_peer.test_service import Answer, Method, Refused


class TestService:
    """The handlers of one listener."""

    def __init__(self, listener: int, register: Register) -> None:
        self._listener = listener
        self._register = register

    def behavior(self, method: Method) -> Callable[..., Any]:
        """What grpcio calls for a method: all of them answer as streams do."""

        def stream(argument: Any, context: grpc.ServicerContext) -> Iterator[Message]:
            record = HandlerRecord(
                self._listener, method.path, Inbox(None), method.streams_requests
            )
            with Handling(record, self._register, context) as handling:
                requests = argument if method.streams_requests else [argument]
                yield from self._answer(method, _received(requests, handling), handling)

        def respond(argument: Any, context: grpc.ServicerContext) -> Message | None:
            return next(iter(list(stream(argument, context))), None)

        return stream if method.streams_responses else respond

    def _answer(
        self, method: Method, requests: Iterator[Any], handling: Handling
    ) -> Iterator[Message]:
        context = handling.context
        pairs = context.invocation_metadata()
        leading = test_service.echoed_leading(pairs)
        if method.name == "CacheableUnaryCall":
            leading = (*leading, test_service.CACHE_CONTROL)
        if leading:
            context.send_initial_metadata(leading)
        context.set_trailing_metadata(test_service.echoed_trailing(pairs))
        try:
            for answer in _ANSWERS[method.name](requests):
                if not answer.compressed:
                    context.disable_next_message_compression()
                yield answer.response
        except Refused as refused:
            handling.own_end = peer_pb2.CALL_END_RETURNED
            context.abort(refused.code, str(refused))


def _received(requests: Iterable[Any], handling: Handling) -> Iterator[Any]:
    """The requests, each noted in the handler's record, and how they ended."""
    record = handling.record
    try:
        for request in requests:
            record.inbox.note(request)
            yield request
    except grpc.RpcError:
        record.request_end = (
            peer_pb2.REQUEST_END_CANCELLED if handling.cut_off() else peer_pb2.REQUEST_END_ERROR
        )
        raise
    record.request_end = peer_pb2.REQUEST_END_HALF_CLOSED


def _empty_call(requests: Iterator[Any]) -> Iterator[Answer]:
    yield from map(Answer, requests)  # It is answered by what it brings: nothing.


def _unary_call(requests: Iterator[Any]) -> Iterator[Answer]:
    yield from map(test_service.simple_response, requests)


def _streaming_input_call(requests: Iterator[Any]) -> Iterator[Answer]:
    yield test_service.aggregate(sum(len(request.payload.body) for request in requests))


def _full_duplex_call(requests: Iterator[Any]) -> Iterator[Answer]:
    """Each request is answered when it comes."""
    for request in requests:
        test_service.demand_ok(request)
        yield from _responses(request)


def _half_duplex_call(requests: Iterator[Any]) -> Iterator[Answer]:
    """All requests are answered when the last has come."""
    yield from itertools.chain.from_iterable(map(_responses, list(requests)))


def _responses(request: Any) -> Iterator[Answer]:
    for answer in test_service.responses(request):
        if answer.pause:
            time.sleep(answer.pause)
        yield answer


_ANSWERS: dict[str, Callable[[Iterator[Any]], Iterator[Answer]]] = {
    "EmptyCall": _empty_call,
    "UnaryCall": _unary_call,
    "CacheableUnaryCall": _unary_call,
    "StreamingOutputCall": _full_duplex_call,
    "StreamingInputCall": _streaming_input_call,
    "FullDuplexCall": _full_duplex_call,
    "HalfDuplexCall": _half_duplex_call,
}
