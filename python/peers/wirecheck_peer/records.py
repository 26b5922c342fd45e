"""What a call leaves behind on either side, as events. Shared by threads and asyncio."""

import threading
import time
from collections.abc import Callable

from wirecheck.v1 import peer_pb2

from wirecheck_peer import frames, metadata
from wirecheck_peer.messages import Inbox
from wirecheck_peer.stdio import EventWriter

# Bytes of an envelope that are not the report itself.
_ENVELOPE = 64


class CallRecord:
    """A call as its client sees it, until it is reported."""

    def __init__(self, order: peer_pb2.Call, inbox: Inbox, events: EventWriter) -> None:
        self.inbox = inbox
        self.aborted = False
        self.stood_at = {"send": 0, "receive": 0}
        self._order = order
        self._events = events
        self._lock = threading.Lock()
        self._reported = False
        self._began_at = self._ended_at = 0

    def begin(self) -> None:
        """The call was handed to the library."""
        self._began_at = time.perf_counter_ns()

    def end(self) -> None:
        """Its status is known; whoever says so first is right."""
        self._ended_at = self._ended_at or time.perf_counter_ns()

    def reached(self, step: peer_pb2.Step) -> None:
        """A step was reached; says so if it has a name, and never after the report."""
        with self._lock:
            if step.name and not self._reported:
                self._events.send(reached=peer_pb2.Reached(call=self._order.call, step=step.name))

    def report(
        self, status: int, message: str, leading: metadata.Pairs, trailing: metadata.Pairs
    ) -> None:
        """Reports the outcome that the library gave."""
        self.end()
        entries = metadata.from_pairs(trailing)
        self._report(
            result=peer_pb2.Result(
                status=status,
                message=message,
                details=metadata.status_details(entries),
                leading=metadata.from_pairs(leading),
                trailing=entries,
                messages=self.inbox.report(self._order.whole),
                message_count=self.inbox.count,
                stood_at_send=self.stood_at["send"],
                stood_at_receive=self.stood_at["receive"],
                aborted=self.aborted,
                duration_ns=self._ended_at - self._began_at if self._began_at else 0,
            )
        )

    def could_not_try(self, why: str) -> None:
        """Reports that the peer itself failed."""
        self._report(could_not_try=peer_pb2.CouldNotTry(why=why[:1_000]))

    def _report(self, **outcome: peer_pb2.Result | peer_pb2.CouldNotTry) -> None:
        report = peer_pb2.Report(call=self._order.call, **outcome)
        if report.ByteSize() + _ENVELOPE > frames.MAX_ENVELOPE:
            why = f"the report has {report.ByteSize()} bytes, more than an envelope holds"
            report = peer_pb2.Report(
                call=self._order.call, could_not_try=peer_pb2.CouldNotTry(why=why)
            )
        with self._lock:
            self._reported = True
            self._events.send(report=report)


class HandlerRecord:
    """A call as its handler sees it, from its entry to its end."""

    def __init__(self, listener: int, method: str, inbox: Inbox, streams_requests: bool) -> None:
        self.inbox = inbox
        self.whole = False
        self.number = 0
        self.detail = ""
        # A handler with one request has had all of it before it was entered.
        self.request_end = (
            peer_pb2.REQUEST_END_UNREAD if streams_requests else peer_pb2.REQUEST_END_HALF_CLOSED
        )
        self._listener = listener
        self.method = method
        self._entered_at = 0

    def began(self, pairs: metadata.Pairs) -> peer_pb2.Began:
        """The event of the entry."""
        self._entered_at = time.perf_counter_ns()
        return peer_pb2.Began(
            listener=self._listener,
            number=self.number,
            method=self.method,
            metadata=metadata.from_pairs(pairs),
        )

    def reached(self, step: peer_pb2.Step) -> peer_pb2.Reached:
        """The event of a step that has a name."""
        handler = peer_pb2.HandlerId(listener=self._listener, number=self.number)
        return peer_pb2.Reached(handler=handler, step=step.name)

    def handled(self, call_end: peer_pb2.CallEnd) -> peer_pb2.Handled:
        """The event of the end."""
        return peer_pb2.Handled(
            listener=self._listener,
            number=self.number,
            method=self.method,
            messages=self.inbox.report(self.whole),
            message_count=self.inbox.count,
            request_end=self.request_end,
            call_end=call_end,
            detail=self.detail[:1_000],
            duration_ns=time.perf_counter_ns() - self._entered_at,
        )


class Register:
    """The calls on a listener: their numbers, and who is still running.

    Under its lock an entry and its `Began`, an end and its `Handled` are one thing each, so the
    events come in the order of the numbers and nothing comes after the register was emptied.
    """

    def __init__(self, events: EventWriter) -> None:
        self._events = events
        self._lock = threading.Lock()
        self._count = 0
        self._method_counts: dict[str, int] = {}
        self._running: dict[int, tuple[HandlerRecord, Callable[[], None]]] = {}
        self._when_idle: Callable[[], None] | None = None  # Set once the listener is closed.

    def enter(
        self, record: HandlerRecord, pairs: metadata.Pairs, abort: Callable[[], None]
    ) -> int | None:
        """Enters a handler; gives how many calls of its method were entered before it.

        None if the listener is closed: the handler must then not run.
        """
        with self._lock:
            if self._when_idle is not None:
                return None
            self._count += 1
            record.number = self._count
            earlier = self._method_counts.get(record.method, 0)
            self._method_counts[record.method] = earlier + 1
            self._running[record.number] = record, abort
            self._events.send(began=record.began(pairs))
            return earlier

    def reached(self, record: HandlerRecord, step: peer_pb2.Step) -> None:
        """A handler reached a step; says so if it has a name."""
        with self._lock:
            if step.name and record.number in self._running:
                self._events.send(reached=record.reached(step))

    def leave(self, record: HandlerRecord, call_end: peer_pb2.CallEnd) -> None:
        """A handler has ended."""
        with self._lock:
            if self._running.pop(record.number, None) is None:
                return
            self._events.send(handled=record.handled(call_end))
            when_idle = None if self._running else self._when_idle
        if when_idle is not None:
            when_idle()

    def abort_all(self) -> None:
        """Cancels every call that is running."""
        with self._lock:
            aborts = [abort for _, abort in self._running.values()]
        for abort in aborts:
            abort()

    def close(self, when_idle: Callable[[], None]) -> None:
        """Lets nobody enter any more and calls back when the last has left."""
        with self._lock:
            self._when_idle = when_idle
            idle = not self._running
        if idle:
            when_idle()

    def give_up(self) -> int:
        """Reports those that could not be ended as running, and gives their number."""
        with self._lock:
            left = [record for record, _ in self._running.values()]
            self._running.clear()
            for record in left:
                self._events.send(handled=record.handled(peer_pb2.CALL_END_RUNNING))
            return len(left)
