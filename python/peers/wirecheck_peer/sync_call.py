"""One call of a client on grpcio's threads."""

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import grpc
from wirecheck.v1 import peer_pb2

from wirecheck_peer import calls, messages
from wirecheck_peer.latches import Latches
from wirecheck_peer.records import CallRecord
from wirecheck_peer.stdio import EventWriter
from wirecheck_peer.sync_progress import BEGUN, Progress
from wirecheck_peer.sync_requests import RequestStream


class ClientCall:
    """A call and its two lanes.

    The send lane has a thread of its own, the receive lane runs in the thread of the call, and
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
        self._requests = RequestStream()
        self._beginning = threading.Lock()
        self._call: Any = None  # grpcio's object, once the call has begun.
        self._failure: str | None = None  # Why the peer itself could not go on.

    def run(self, channel: grpc.Channel, threads: Executor) -> None:
        """Makes the call and reports it."""
        begin = self._plan.multi_callable(channel, self._order.method, self._inbox.deserialize)
        if self._plan.streams_requests:
            self._attempt(lambda: self._begin(begin, self._requests))
        threads.submit(self._attempt, lambda: self._send_lane(begin))
        self._attempt(self._receive_lane)
        self._report()

    def abort(self) -> None:
        """Cancels the call, or keeps it from beginning."""
        with self._beginning:
            self._record.aborted = not self._progress.over
            if self._call is None:
                self._progress.end()
                self._requests.end()
        self._cancel()

    def _attempt(self, lane: Callable[[], None]) -> None:
        """Runs a part of the call; its failure is the peer's and ends the call."""
        try:
            lane()
        except Exception as error:  # Whatever it is, the harness waits for a report.
            self._failure = self._failure or str(error) or repr(error)
            self._cancel()
            self._end()

    def _begin(self, begin: Any, argument: Any) -> None:
        start = begin if self._plan.streams_responses else begin.future
        with self._beginning:
            if self._progress.over:
                return
            self._record.begin()
            self._call = start(argument, **self._plan.parameters)
        self._progress.happen(BEGUN)
        if not self._call.add_callback(self._end):
            self._end()

    def _end(self) -> None:
        self._record.end()
        self._progress.end()
        self._requests.end()

    def _cancel(self) -> None:
        if self._call is not None:
            self._call.cancel()

    # ------------------------------------------------------------ the lanes

    def _send_lane(self, begin: Any) -> None:
        half_close_after = self._plan.half_close_after or len(self._order.send)
        for number, step in enumerate(self._order.send, 1):
            self._record.stood_at["send"] = number
            if not self._send_step(step, begin):
                return
            if number == half_close_after:
                self._requests.half_close()
            self._done(step)
        self._requests.half_close()

    def _send_step(self, step: peer_pb2.Step, begin: Any) -> bool:
        match step.WhichOneof("kind"):
            case "message" | "raw":
                return self._send(messages.outgoing(step, self._plan.request_type), begin)
            case "half_close":
                return True  # Its place in the lane says when, see the caller.
            case _:
                return self._either_step(step)

    def _send(self, message: messages.Outgoing, begin: Any) -> bool:
        if self._plan.streams_requests:
            return self._requests.send(message)
        self._begin(begin, message)
        return True

    def _receive_lane(self) -> None:
        for number, step in enumerate(self._order.receive, 1):
            self._record.stood_at["receive"] = number
            if not self._receive_step(step):
                break
            self._done(step)
        if self._progress.wait(BEGUN):
            self._receive(0)

    def _receive_step(self, step: peer_pb2.Step) -> bool:
        match step.WhichOneof("kind"):
            case "await_headers":
                return self._await_headers()
            case "receive":
                return self._progress.wait(BEGUN) and self._receive(step.receive.count)
            case _:
                return self._either_step(step)

    def _await_headers(self) -> bool:
        if not self._progress.wait(BEGUN):
            return False
        self._call.initial_metadata()
        return True

    def _receive(self, count: int) -> bool:
        """Receives so many messages, or all; false if the call ended before that."""
        if not self._plan.streams_responses:
            return self._call.code() is grpc.StatusCode.OK  # Waits for the end.
        before = self._inbox.count
        try:
            # `islice` with None goes on to the end of the stream.
            for _ in itertools.islice(self._call, count or None):
                pass
        except grpc.RpcError:
            return count == 0
        return count in (0, self._inbox.count - before)

    def _either_step(self, step: peer_pb2.Step) -> bool:
        if step.WhichOneof("kind") == "wait":
            self._record.reached(step)
            return self._progress.wait_step(step.wait, self._latches, self._order.scope)
        if not self._progress.wait(BEGUN):
            return False
        self._cancel()
        return True

    def _done(self, step: peer_pb2.Step) -> None:
        if step.WhichOneof("kind") != "wait":
            self._record.reached(step)
        if step.name:
            self._progress.happen(("step", step.name))

    # ------------------------------------------------------------ the report

    def _report(self) -> None:
        if self._failure is not None:
            self._record.could_not_try(self._failure)
        elif self._call is None:
            self._record.report(grpc.StatusCode.CANCELLED.value[0], "", (), ())
        else:
            call = self._call
            self._record.report(
                status=call.code().value[0],  # Waits for the end of the call.
                message=call.details() or "",
                leading=call.initial_metadata(),
                trailing=call.trailing_metadata(),
            )
