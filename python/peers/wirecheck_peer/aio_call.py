"""One call of a client on asyncio."""

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable
from typing import Any

import grpc.aio
from wirecheck.v1 import peer_pb2

from wirecheck_peer import calls, messages
from wirecheck_peer.aio_progress import BEGUN, Progress
from wirecheck_peer.latches import Latches
from wirecheck_peer.records import CallRecord
from wirecheck_peer.stdio import EventWriter

# What grpcio raises where a call has ended: its status, its cancellation by this side, or that it
# can be written to no longer.
_ENDED = (grpc.aio.AioRpcError, asyncio.CancelledError, asyncio.InvalidStateError)


class ClientCall:
    """A call and its two lanes.

    The send lane has a task of its own, the receive lane runs in the task of the call, and
    grpcio's callback at the end of the call wakes whatever waits.
    """

    def __init__(
        self, order: peer_pb2.Call, plan: calls.Plan, latches: Latches, events: EventWriter
    ) -> None:
        self.number = order.call
        self._order = order
        self._plan = plan
        self._latches = latches
        self._inbox = messages.Inbox(plan.response_type, order.whole)
        self._record = CallRecord(order, self._inbox, events)
        self._progress = Progress()
        self._call: Any = None  # grpcio's object, once the call has begun.
        self._failure: str | None = None  # Why the peer itself could not go on.

    async def run(self, channel: grpc.aio.Channel) -> None:
        """Makes the call and reports it."""
        begin = self._plan.multi_callable(channel, self._order.method, self._inbox.deserialize)
        sending = asyncio.create_task(self._attempt(self._send_lane(begin)))
        await self._attempt(self._receive_lane())
        await self._report()
        sending.cancel()

    def abort(self) -> None:
        """Cancels the call, or keeps it from beginning."""
        self._record.aborted = not self._progress.over
        if self._call is None:
            self._progress.end()
        self._cancel()

    async def _attempt(self, lane: Awaitable[None]) -> None:
        """Runs a part of the call; its failure is the peer's and ends the call."""
        try:
            await lane
        except Exception as error:  # Whatever it is, the harness waits for a report.
            self._failure = self._failure or str(error) or repr(error)
            self._cancel()
            self._end()

    def _begin(self, begin: Any, *argument: messages.Outgoing) -> None:
        if self._progress.over:
            return
        self._record.begin()
        self._call = begin(*argument, **self._plan.parameters)
        self._progress.happen(BEGUN)
        self._call.add_done_callback(lambda _: self._end())

    def _end(self) -> None:
        self._record.end()
        self._progress.end()

    def _cancel(self) -> None:
        if self._call is not None:
            self._call.cancel()

    # ------------------------------------------------------------ the lanes

    async def _send_lane(self, begin: Any) -> None:
        if self._plan.streams_requests:
            self._begin(begin)
        half_close_after = self._plan.half_close_after or len(self._order.send)
        for number, step in enumerate(self._order.send, 1):
            self._record.stood_at["send"] = number
            if not await self._send_step(step, begin):
                return
            if number == half_close_after:
                await self._half_close()
            self._done(step)
        await self._half_close()

    async def _send_step(self, step: peer_pb2.Step, begin: Any) -> bool:
        match step.WhichOneof("kind"):
            case "message" | "raw":
                return await self._send(messages.outgoing(step, self._plan.request_type), begin)
            case "half_close":
                return True  # Its place in the lane says when, see the caller.
            case _:
                return await self._either_step(step)

    async def _send(self, message: messages.Outgoing, begin: Any) -> bool:
        if not self._plan.streams_requests:
            self._begin(begin, message)
            return True
        try:
            await self._call.write(message)
        except _ENDED:
            return False
        return True

    async def _half_close(self) -> None:
        if self._plan.streams_requests and self._call is not None:
            # It fails where the call has ended, which the receive lane sees as well.
            with contextlib.suppress(*_ENDED, grpc.aio.InternalError):
                await self._call.done_writing()

    async def _receive_lane(self) -> None:
        for number, step in enumerate(self._order.receive, 1):
            self._record.stood_at["receive"] = number
            if not await self._receive_step(step):
                break
            self._done(step)
        if await self._progress.wait(BEGUN):
            await self._receive(0)

    async def _receive_step(self, step: peer_pb2.Step) -> bool:
        match step.WhichOneof("kind"):
            case "await_headers":
                return await self._await_headers()
            case "receive":
                begun = await self._progress.wait(BEGUN)
                return begun and await self._receive(step.receive.count)
            case _:
                return await self._either_step(step)

    async def _await_headers(self) -> bool:
        if not await self._progress.wait(BEGUN):
            return False
        await self._call.initial_metadata()
        return True

    async def _receive(self, count: int) -> bool:
        """Receives so many messages, or all; false if the call ended before that."""
        if not self._plan.streams_responses:
            return await self._await_response()
        try:
            for _ in range(count) if count else itertools.repeat(None):
                if await self._call.read() is grpc.aio.EOF:
                    return count == 0
        except _ENDED:
            return count == 0
        return True

    async def _await_response(self) -> bool:
        try:
            await self._call
        except _ENDED:
            return False
        return True

    async def _either_step(self, step: peer_pb2.Step) -> bool:
        if step.WhichOneof("kind") == "wait":
            self._record.reached(step)
            return await self._progress.wait_step(step.wait, self._latches, self._order.scope)
        if not await self._progress.wait(BEGUN):
            return False
        self._cancel()
        return True

    def _done(self, step: peer_pb2.Step) -> None:
        if step.WhichOneof("kind") != "wait":
            self._record.reached(step)
        if step.name:
            self._progress.happen(("step", step.name))

    # ------------------------------------------------------------ the report

    async def _report(self) -> None:
        if self._failure is not None:
            self._record.could_not_try(self._failure)
        elif self._call is None:
            self._record.report(grpc.StatusCode.CANCELLED.value[0], "", (), ())
        else:
            call = self._call
            self._record.report(
                status=(await call.code()).value[0],  # Waits for the end of the call.
                message=await call.details() or "",
                leading=tuple(await call.initial_metadata()),
                trailing=tuple(await call.trailing_metadata()),
            )
