"""Handlers on asyncio: the frame around every handler, and those with a script."""

import asyncio
import itertools
from collections.abc import Awaitable
from typing import Any

import grpc.aio
from google.protobuf.message import DecodeError
from wirecheck.v1 import peer_pb2

from wirecheck_peer import messages, metadata
from wirecheck_peer.aio_progress import Progress
from wirecheck_peer.latches import Latches
from wirecheck_peer.records import HandlerRecord, Register
from wirecheck_peer.scripts import ScriptedMethod, status_code


class Handling:
    """The frame around a handler: `Began` when it is entered, `Handled` when it is left."""

    def __init__(
        self, record: HandlerRecord, register: Register, context: grpc.aio.ServicerContext
    ) -> None:
        self.record = record
        self.context = context
        self.progress = Progress()
        self.earlier = 0  # How many calls of the method were entered before this one.
        self.own_end: peer_pb2.CallEnd | None = None  # How the handler ends on purpose.
        self._register = register
        self._told: peer_pb2.CallEnd | None = None  # How grpcio ended the call.
        self._task: asyncio.Task[Any] | None = None
        self._aborted = False

    async def __aenter__(self) -> "Handling":
        self._task = asyncio.current_task()
        pairs = self.context.invocation_metadata()
        earlier = self._register.enter(self.record, pairs, self._abort)
        if earlier is None:
            await self.context.abort(grpc.StatusCode.UNAVAILABLE, "the listener is closed")
        self.earlier = earlier
        return self

    async def __aexit__(self, kind: type | None, error: BaseException | None, trace: Any) -> None:
        # grpcio closes the generator of a call that has ended.
        if isinstance(error, asyncio.CancelledError | GeneratorExit):
            self.cut_off()
        if error is not None and self.own_end is None:
            self.record.detail = str(error)
        self._register.leave(self.record, self._call_end(error))
        if self._aborted and self.own_end is None:
            # A cancelled task sends no status, and the client would wait for one.
            self._task.uncancel()
            await self.context.abort(grpc.StatusCode.CANCELLED, "aborted by the harness")

    def cut_off(self) -> None:
        """grpcio has told the handler that its call is over."""
        left = self.context.time_remaining()
        out_of_time = left is not None and left <= 0
        self._told = peer_pb2.CALL_END_DEADLINE if out_of_time else peer_pb2.CALL_END_CANCELLED

    def reached(self, step: peer_pb2.Step) -> None:
        """A step was reached."""
        self._register.reached(self.record, step)

    def _abort(self) -> None:
        self._aborted = True
        self._task.cancel()

    def _call_end(self, error: BaseException | None) -> peer_pb2.CallEnd:
        if self._told is not None:
            return self._told
        threw = self.own_end is None and error is not None
        return peer_pb2.CALL_END_PANICKED if threw else self.own_end or peer_pb2.CALL_END_RETURNED


class ScriptedHandler:
    """Follows a script: the send lane in grpcio's task, the receive lane in its own."""

    def __init__(
        self,
        method: ScriptedMethod,
        handling: Handling,
        latches: Latches,
        scope: str,
    ) -> None:
        self._method = method
        self._script = method.script(handling.earlier)
        self._handling = handling
        self._latches = latches
        self._scope = scope
        self._response: messages.Outgoing | None = None  # Of a method with one response.
        self._ending: peer_pb2.Step | None = None  # The step that ends the call.
        self._failure: Exception | None = None  # What the receive lane ran into.
        handling.record.whole = self._script.whole

    async def respond(self) -> messages.Outgoing | None:
        """Runs both lanes; gives the response of a method that has only one."""
        receiving = asyncio.create_task(self._receive_lane())
        try:
            await self._send_lane()
            if self._ending is None:
                await asyncio.wait([receiving])
        finally:
            receiving.cancel()
            await asyncio.wait([receiving])
        await self._finish()
        return self._response

    # ------------------------------------------------------------ the lanes

    async def _send_lane(self) -> None:
        for step in self._script.send:
            if self._handling.progress.over or not await self._send_step(step):
                return
            self._done(step)

    async def _send_step(self, step: peer_pb2.Step) -> bool:
        match step.WhichOneof("kind"):
            case "message" | "raw":
                if step.uncompressed:
                    self._handling.context.disable_next_message_compression()
                await self._send(messages.outgoing(step, self._method.response_type))
                return True
            case "headers":
                pairs = metadata.to_pairs(step.headers.metadata)
                await self._ask(self._handling.context.send_initial_metadata(pairs))
                return True
            case _:
                return await self._either_step(step)

    async def _send(self, message: messages.Outgoing) -> None:
        if self._method.streams_responses:
            await self._ask(self._handling.context.write(message))
        else:
            self._response = message

    async def _receive_lane(self) -> None:
        try:
            for step in self._script.receive:
                if self._handling.progress.over or not await self._receive_step(step):
                    return
                self._done(step)
        except Exception as error:  # The handler fails with it, in grpcio's own task.
            self._failure = error
            self._handling.progress.end()

    async def _receive_step(self, step: peer_pb2.Step) -> bool:
        if step.WhichOneof("kind") == "receive":
            await self._receive(step.receive.count)
            return True
        return await self._either_step(step)

    async def _receive(self, count: int) -> None:
        """Receives so many messages, or all."""
        if not self._method.streams_requests:
            return
        record = self._handling.record
        try:
            for _ in range(count) if count else itertools.repeat(None):
                if await self._ask(self._handling.context.read()) is grpc.aio.EOF:
                    record.request_end = peer_pb2.REQUEST_END_HALF_CLOSED
                    return
        except asyncio.CancelledError:
            if self._ending is None:
                record.request_end = peer_pb2.REQUEST_END_CANCELLED
            raise
        except Exception:
            record.request_end = peer_pb2.REQUEST_END_ERROR
            raise

    async def _either_step(self, step: peer_pb2.Step) -> bool:
        if step.WhichOneof("kind") == "wait":
            self._handling.reached(step)
            return await self._handling.progress.wait_step(step.wait, self._latches, self._scope)
        self._ending = step
        self._done(step)
        self._handling.progress.end()
        return False

    async def _ask(self, operation: Awaitable[Any]) -> Any:
        try:
            return await operation
        except (grpc.aio.UsageError, DecodeError):
            raise
        except Exception:
            # An operation fails with one of grpcio's own exceptions when the call has ended.
            self._handling.cut_off()
            raise

    def _done(self, step: peer_pb2.Step) -> None:
        if step.WhichOneof("kind") != "wait":
            self._handling.reached(step)
        if step.name:
            self._handling.progress.happen(("step", step.name))

    # ------------------------------------------------------------ the end

    async def _finish(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._ending is None:
            return
        if self._ending.WhichOneof("kind") == "panic":
            self._handling.own_end = peer_pb2.CALL_END_PANICKED
            raise RuntimeError(self._ending.panic.message)
        self._handling.own_end = peer_pb2.CALL_END_RETURNED
        await self._end_with(self._ending.status)

    async def _end_with(self, status: peer_pb2.Status) -> None:
        context = self._handling.context
        code = status_code(status.code)
        context.set_trailing_metadata(metadata.trailing(status))
        if code is not grpc.StatusCode.OK:
            await context.abort(code, status.message)
        context.set_details(status.message)
