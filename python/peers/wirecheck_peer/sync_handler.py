"""Handlers on grpcio's threads: the frame around every handler, and those with a script."""

import itertools
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Any

import grpc
from wirecheck.v1 import peer_pb2

from wirecheck_peer import messages, metadata
from wirecheck_peer.latches import Latches
from wirecheck_peer.records import HandlerRecord, Register
from wirecheck_peer.scripts import ScriptedMethod, status_code
from wirecheck_peer.sync_progress import Progress


class Handling:
    """The frame around a handler: `Began` when it is entered, `Handled` when it is left."""

    def __init__(
        self, record: HandlerRecord, register: Register, context: grpc.ServicerContext
    ) -> None:
        self.record = record
        self.context = context
        self.progress = Progress()
        self.earlier = 0  # How many calls of the method were entered before this one.
        self.own_end: peer_pb2.CallEnd | None = None  # How the handler ends on purpose.
        self._register = register
        self._told: peer_pb2.CallEnd | None = None  # How grpcio ended the call.

    def __enter__(self) -> "Handling":
        pairs = self.context.invocation_metadata()
        earlier = self._register.enter(self.record, pairs, self.context.cancel)
        if earlier is None:
            self.context.abort(grpc.StatusCode.UNAVAILABLE, "the listener is closed")
        self.earlier = earlier
        if not self.context.add_callback(self._end):
            self._end()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if error is not None and self.own_end is None:
            self.record.detail = str(error)
        self._register.leave(self.record, self._call_end(error))

    def cut_off(self) -> bool:
        """Whether the call ended while the handler ran."""
        return self._told is not None or not self.context.is_active()

    def reached(self, step: peer_pb2.Step) -> None:
        """A step was reached."""
        self._register.reached(self.record, step)

    def _end(self) -> None:
        self._told = self._cut_off_by()
        self.progress.end()

    def _cut_off_by(self) -> peer_pb2.CallEnd:
        out_of_time = self.context.time_remaining() <= 0
        return peer_pb2.CALL_END_DEADLINE if out_of_time else peer_pb2.CALL_END_CANCELLED

    def _call_end(self, error: BaseException | None) -> peer_pb2.CallEnd:
        if self.cut_off():
            return self._told or self._cut_off_by()
        threw = self.own_end is None and error is not None
        return peer_pb2.CALL_END_PANICKED if threw else self.own_end or peer_pb2.CALL_END_RETURNED


class ScriptedHandler:
    """Follows a script: the send lane in grpcio's thread, the receive lane in its own."""

    def __init__(
        self,
        method: ScriptedMethod,
        handling: Handling,
        requests: Iterator[Any] | None,
        latches: Latches,
        scope: str,
    ) -> None:
        self._method = method
        self._script = method.script(handling.earlier)
        self._handling = handling
        self._requests = requests  # None for a method with one request.
        self._latches = latches
        self._scope = scope
        self._received = threading.Event()  # The receive lane is done.
        self._ending: peer_pb2.Step | None = None  # The step that ends the call.
        self._failure: Exception | None = None  # What the receive lane ran into.
        self._sent = 0
        handling.record.whole = self._script.whole

    def responses(self, threads: Executor) -> Iterator[messages.Outgoing]:
        """Runs both lanes and gives what is to be sent."""
        if self._script.receive:
            threads.submit(self._receive_lane)
        else:
            self._received.set()
        try:
            yield from self._send_lane()
        except GeneratorExit:
            # grpcio drops the generator of a call that has ended; the other lane hears of it too.
            self._received.wait()
            raise
        if self._ending is None:
            self._received.wait()
        self._finish()

    def response(self, threads: Executor) -> messages.Outgoing | None:
        """The same for a method with one response."""
        given = next(iter(deque(self.responses(threads), maxlen=1)), None)
        # Nobody gets the answer to a call that has ended, but grpcio still encodes it.
        return b"" if given is None and self._handling.cut_off() else given

    # ------------------------------------------------------------ the lanes

    def _send_lane(self) -> Iterator[messages.Outgoing]:
        for step in self._script.send:
            if self._handling.progress.over:
                return
            if step.WhichOneof("kind") in ("message", "raw"):
                self._sent += 1
                if step.uncompressed:
                    self._handling.context.disable_next_message_compression()
                yield messages.outgoing(step, self._method.response_type)
            elif not self._send_step(step):
                return
            self._done(step)

    def _send_step(self, step: peer_pb2.Step) -> bool:
        if step.WhichOneof("kind") == "headers":
            self._handling.context.send_initial_metadata(metadata.to_pairs(step.headers.metadata))
            return True
        return self._either_step(step)

    def _receive_lane(self) -> None:
        try:
            for step in self._script.receive:
                if self._handling.progress.over or not self._receive_step(step):
                    return
                self._done(step)
        except Exception as error:  # The handler fails with it, in grpcio's own thread.
            self._failure = error
            self._handling.progress.end()
        finally:
            self._received.set()

    def _receive_step(self, step: peer_pb2.Step) -> bool:
        if step.WhichOneof("kind") == "receive":
            self._receive(step.receive.count)
            return True
        return self._either_step(step)

    def _receive(self, count: int) -> None:
        """Receives so many messages, or all."""
        if self._requests is None:
            return
        record = self._handling.record
        try:
            for _ in range(count) if count else itertools.repeat(None):
                next(self._requests)
        except StopIteration:
            record.request_end = peer_pb2.REQUEST_END_HALF_CLOSED
        except grpc.RpcError:
            cancelled = self._handling.cut_off() and not record.inbox.refused
            record.request_end = (
                peer_pb2.REQUEST_END_CANCELLED if cancelled else peer_pb2.REQUEST_END_ERROR
            )
            raise

    def _either_step(self, step: peer_pb2.Step) -> bool:
        if step.WhichOneof("kind") == "wait":
            self._handling.reached(step)
            return self._handling.progress.wait_step(step.wait, self._latches, self._scope)
        self._ending = step
        self._done(step)
        self._handling.progress.end()
        return False

    def _done(self, step: peer_pb2.Step) -> None:
        if step.WhichOneof("kind") != "wait":
            self._handling.reached(step)
        if step.name:
            self._handling.progress.happen(("step", step.name))

    # ------------------------------------------------------------ the end

    def _finish(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._ending is None:
            return
        if self._ending.WhichOneof("kind") == "panic":
            self._handling.own_end = peer_pb2.CALL_END_PANICKED
            raise RuntimeError(self._ending.panic.message)
        self._handling.own_end = peer_pb2.CALL_END_RETURNED
        self._end_with(self._ending.status)

    def _end_with(self, status: peer_pb2.Status) -> None:
        context = self._handling.context
        code = status_code(status.code)
        context.set_trailing_metadata(metadata.trailing(status))
        # `abort` would drop a single response that was given, and refuses OK.
        has_response = bool(self._sent and not self._method.streams_responses)
        if code is not grpc.StatusCode.OK and not has_response:
            context.abort(code, status.message)
        context.set_code(code)
        context.set_details(status.message)
