"""`grpc.testing.TestService` on asyncio."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc.aio
from google.protobuf.message import DecodeError, Message
from wirecheck.v1 import peer_pb2

from wirecheck_peer import test_service
from wirecheck_peer.aio_handler import Handling
from wirecheck_peer.messages import Inbox
from wirecheck_peer.records import HandlerRecord, Register
from wirecheck_peer.test_service import Answer, Method, Refused


class TestService:
    """The handlers of one listener."""

    def __init__(self, listener: int, register: Register) -> None:
        self._listener = listener
        self._register = register

    def behavior(self, method: Method) -> Callable[..., Any]:
        """What grpcio calls for a method: all of them answer as streams do."""

        async def stream(
            argument: Any, context: grpc.aio.ServicerContext
        ) -> AsyncIterator[Message]:
            record = HandlerRecord(
                self._listener, method.path, Inbox(None), method.streams_requests
            )
            async with Handling(record, self._register, context) as handling:
                requests = argument if method.streams_requests else _one(argument)
                async for response in self._answer(method, _received(requests, handling), handling):
                    yield response

        async def respond(argument: Any, context: grpc.aio.ServicerContext) -> Message | None:
            responses = [response async for response in stream(argument, context)]
            return next(iter(responses), None)

        return stream if method.streams_responses else respond

    async def _answer(
        self, method: Method, requests: AsyncIterator[Any], handling: Handling
    ) -> AsyncIterator[Message]:
        context = handling.context
        pairs = context.invocation_metadata()
        leading = test_service.echoed_leading(pairs)
        if method.name == "CacheableUnaryCall":
            leading = (*leading, test_service.CACHE_CONTROL)
        if leading:
            await context.send_initial_metadata(leading)
        context.set_trailing_metadata(test_service.echoed_trailing(pairs))
        try:
            async for answer in _ANSWERS[method.name](requests):
                if not answer.compressed:
                    context.disable_next_message_compression()
                yield answer.response
        except Refused as refused:
            handling.own_end = peer_pb2.CALL_END_RETURNED
            await context.abort(refused.code, str(refused))


async def _one(request: Any) -> AsyncIterator[Any]:
    yield request


async def _received(requests: AsyncIterator[Any], handling: Handling) -> AsyncIterator[Any]:
    """The requests, each noted in the handler's record, and how they ended."""
    record = handling.record
    try:
        async for request in requests:
            record.inbox.note(request)
            yield request
    except asyncio.CancelledError:
        record.request_end = peer_pb2.REQUEST_END_CANCELLED
        raise
    except DecodeError:
        record.request_end = peer_pb2.REQUEST_END_ERROR
        raise
    except Exception:
        # To read fails with one of grpcio's own exceptions when the call has ended.
        handling.cut_off()
        record.request_end = peer_pb2.REQUEST_END_CANCELLED
        raise
    record.request_end = peer_pb2.REQUEST_END_HALF_CLOSED


async def _empty_call(requests: AsyncIterator[Any]) -> AsyncIterator[Answer]:
    async for request in requests:
        yield Answer(request)  # It is answered by what it brings: nothing.


async def _unary_call(requests: AsyncIterator[Any]) -> AsyncIterator[Answer]:
    async for request in requests:
        yield test_service.simple_response(request)


async def _streaming_input_call(requests: AsyncIterator[Any]) -> AsyncIterator[Answer]:
    sizes = [len(request.payload.body) async for request in requests]
    yield test_service.aggregate(sum(sizes))


async def _full_duplex_call(requests: AsyncIterator[Any]) -> AsyncIterator[Answer]:
    """Each request is answered when it comes."""
    async for request in requests:
        test_service.demand_ok(request)
        async for answer in _responses(request):
            yield answer


async def _half_duplex_call(requests: AsyncIterator[Any]) -> AsyncIterator[Answer]:
    """All requests are answered when the last has come."""
    for request in [each async for each in requests]:
        async for answer in _responses(request):
            yield answer


async def _responses(request: Any) -> AsyncIterator[Answer]:
    for answer in test_service.responses(request):
        if answer.pause:
            await asyncio.sleep(answer.pause)
        yield answer


_ANSWERS: dict[str, Callable[[AsyncIterator[Any]], AsyncIterator[Answer]]] = {
    "EmptyCall": _empty_call,
    "UnaryCall": _unary_call,
    "CacheableUnaryCall": _unary_call,
    "StreamingOutputCall": _full_duplex_call,
    "StreamingInputCall": _streaming_input_call,
    "FullDuplexCall": _full_duplex_call,
    "HalfDuplexCall": _half_duplex_call,
}
