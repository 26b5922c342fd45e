"""The client role on grpcio's threads."""

from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import grpc
from wirecheck.v1 import peer_pb2

from wirecheck_peer import calls, features, options
from wirecheck_peer.errors import CouldNotTryError
from wirecheck_peer.latches import Latches
from wirecheck_peer.stdio import EventWriter
from wirecheck_peer.sync_call import ClientCall

MAX_CALLS = 128
_THREADS = 2 * MAX_CALLS + 8  # One for each lane, and a few for `Close`.


class Client:
    """Channels, and the calls on them."""

    feature_names = features.CLIENT
    limits: ClassVar = {"max_calls": MAX_CALLS}

    def __init__(self, events: EventWriter) -> None:
        self._events = events
        self._latches = Latches()
        self._channels: dict[int, grpc.Channel] = {}
        self._calls: dict[int, ClientCall] = {}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="call")

    def open(self, order: peer_pb2.Open) -> None:
        """Makes a channel, which does not connect yet."""
        features.demand(order.requires, features.CLIENT)
        self._channels[order.channel] = options.channel(grpc, order)
        self._events.send(opened=peer_pb2.Opened(channel=order.channel))

    def close(self, order: peer_pb2.Close) -> None:
        """Lets go of a channel, which may take its time."""
        channel = self._channels.pop(order.channel, None)
        if channel is None:
            raise CouldNotTryError(f"there is no channel {order.channel}")
        self._threads.submit(self._close, order.channel, channel)

    def call(self, order: peer_pb2.Call) -> None:
        """Begins a call."""
        plan = calls.plan(order)
        if order.channel not in self._channels:
            raise CouldNotTryError(f"there is no channel {order.channel}")
        if len(self._calls) >= MAX_CALLS:
            raise CouldNotTryError(f"{MAX_CALLS} calls are running already")
        call = ClientCall(order, plan, self._latches, self._events)
        self._calls[order.call] = call
        self._threads.submit(self._run, call, self._channels[order.channel])

    def abort(self, order: peer_pb2.Abort) -> None:
        """Cancels a call; one that has ended already is left alone."""
        call = self._calls.get(order.call)
        if call is not None:
            call.abort()

    def release(self, order: peer_pb2.Release) -> None:
        """Opens a latch."""
        self._latches.release(order.scope, order.name)

    def end_scope(self, order: peer_pb2.EndScope) -> None:
        """Forgets the latches of a scope."""
        self._latches.end_scope(order.scope)

    def stop(self) -> None:
        """Ends everything by force."""
        for call in list(self._calls.values()):
            call.abort()
        for channel in list(self._channels.values()):
            channel.close()

    def _close(self, number: int, channel: grpc.Channel) -> None:
        channel.close()
        self._events.send(closed=peer_pb2.Closed(channel=number))

    def _run(self, call: ClientCall, channel: grpc.Channel) -> None:
        try:
            call.run(channel, self._threads)
        finally:
            self._calls.pop(call.number, None)
