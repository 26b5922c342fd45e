"""The client role on asyncio."""

import asyncio
from collections.abc import Coroutine
from typing import ClassVar

import grpc.aio
from wirecheck.v1 import peer_pb2

from wirecheck_peer import calls, features, options
from wirecheck_peer.aio_call import ClientCall
from wirecheck_peer.errors import CouldNotTryError
from wirecheck_peer.latches import Latches
from wirecheck_peer.stdio import EventWriter

MAX_CALLS = 1_000
_STOP_LIMIT = 1.0  # Seconds for all channels together.


class Client:
    """Channels, and the calls on them."""

    feature_names = features.CLIENT
    limits: ClassVar = {"max_calls": MAX_CALLS}

    def __init__(self, events: EventWriter) -> None:
        self._events = events
        self._latches = Latches()
        self._channels: dict[int, grpc.aio.Channel] = {}
        self._calls: dict[int, ClientCall] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, order: peer_pb2.Open) -> None:
        """Makes a channel, which does not connect yet."""
        features.demand(order.requires, features.CLIENT)
        self._channels[order.channel] = options.channel(grpc.aio, order)
        self._events.send(opened=peer_pb2.Opened(channel=order.channel))

    def close(self, order: peer_pb2.Close) -> None:
        """Lets go of a channel, which may take its time."""
        channel = self._channels.pop(order.channel, None)
        if channel is None:
            raise CouldNotTryError(f"there is no channel {order.channel}")
        self._spawn(self._close(order.channel, channel))

    def call(self, order: peer_pb2.Call) -> None:
        """Begins a call."""
        plan = calls.plan(order)
        if order.channel not in self._channels:
            raise CouldNotTryError(f"there is no channel {order.channel}")
        if len(self._calls) >= MAX_CALLS:
            raise CouldNotTryError(f"{MAX_CALLS} calls are running already")
        call = ClientCall(order, plan, self._latches, self._events)
        self._calls[order.call] = call
        self._spawn(self._run(call, self._channels[order.channel]))

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

    async def stop(self) -> None:
        """Ends everything by force."""
        for call in list(self._calls.values()):
            call.abort()
        closing = [asyncio.ensure_future(each.close()) for each in self._channels.values()]
        if closing:
            await asyncio.wait(closing, timeout=_STOP_LIMIT)

    async def _close(self, number: int, channel: grpc.aio.Channel) -> None:
        await channel.close()
        self._events.send(closed=peer_pb2.Closed(channel=number))

    async def _run(self, call: ClientCall, channel: grpc.aio.Channel) -> None:
        try:
            await call.run(channel)
        finally:
            self._calls.pop(call.number, None)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        # The loop itself holds its tasks only weakly.
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
