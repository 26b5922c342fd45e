"""The server role on asyncio."""

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar

import grpc.aio
from wirecheck.v1 import peer_pb2

from wirecheck_peer import features, library_services, options, scripts, services
from wirecheck_peer.aio_handler import Handling, ScriptedHandler
from wirecheck_peer.errors import CouldNotTryError
from wirecheck_peer.latches import Latches
from wirecheck_peer.messages import Inbox, Outgoing
from wirecheck_peer.records import HandlerRecord, Register
from wirecheck_peer.stdio import EventWriter

MAX_HANDLERS = 1_000
MAX_LISTENERS = 256
_UNLISTEN_LIMIT = 2.0  # Seconds for handlers to end after their calls were cancelled.
_STOP_LIMIT = 1.0  # Seconds for all servers together.


class Server:
    """Listeners, all in one event loop."""

    feature_names = features.SERVER
    limits: ClassVar = {"max_handlers": MAX_HANDLERS, "max_listeners": MAX_LISTENERS}

    def __init__(self, events: EventWriter) -> None:
        self._events = events
        self._latches = Latches()
        self._listeners: dict[int, Listener] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def listen(self, order: peer_pb2.Listen) -> None:
        """Opens a listener."""
        features.demand(order.requires, features.SERVER)
        if len(self._listeners) >= MAX_LISTENERS:
            raise CouldNotTryError(f"{MAX_LISTENERS} listeners are open already")
        listener = Listener(order, self._events, self._latches)
        address = listener.bind(order)
        self._listeners[order.listener] = listener
        self._spawn(self._listen(listener, address))

    def shutdown(self, order: peer_pb2.Shutdown) -> None:
        """Shuts a listener down in the middle of a cell."""
        features.demand(order.requires, features.SERVER)
        listener = self._find(order.listener)
        grace = order.grace_ms / 1000 if order.HasField("grace_ms") else None
        self._spawn(self._shutdown(listener, grace))

    def unlisten(self, order: peer_pb2.Unlisten) -> None:
        """Ends a listener by force."""
        listener = self._find(order.listener)
        del self._listeners[order.listener]
        self._spawn(self._unlisten(listener))

    def abort(self, order: peer_pb2.Abort) -> None:
        """Cancels every call on a listener."""
        listener = self._listeners.get(order.listener)
        if listener is not None:
            listener.register.abort_all()

    def release(self, order: peer_pb2.Release) -> None:
        """Opens a latch."""
        self._latches.release(order.scope, order.name)

    def end_scope(self, order: peer_pb2.EndScope) -> None:
        """Forgets the latches of a scope."""
        self._latches.end_scope(order.scope)

    async def stop(self) -> None:
        """Ends everything by force."""
        stopping = [asyncio.ensure_future(each.stop(None)) for each in self._listeners.values()]
        if stopping:
            await asyncio.wait(stopping, timeout=_STOP_LIMIT)

    def _find(self, number: int) -> "Listener":
        if number not in self._listeners:
            raise CouldNotTryError(f"there is no listener {number}")
        return self._listeners[number]

    async def _listen(self, listener: "Listener", address: str) -> None:
        await listener.start()
        self._events.send(listening=peer_pb2.Listening(listener=listener.number, address=address))

    async def _shutdown(self, listener: "Listener", grace: float | None) -> None:
        await listener.stop(grace)
        self._events.send(shut_down=peer_pb2.ShutDown(listener=listener.number))

    async def _unlisten(self, listener: "Listener") -> None:
        still_running = await listener.end(_UNLISTEN_LIMIT)
        self._events.send(
            unlistened=peer_pb2.Unlistened(listener=listener.number, still_running=still_running)
        )

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        # The loop itself holds its tasks only weakly.
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Listener:
    """One `grpc.aio.server` and what it serves."""

    def __init__(self, order: peer_pb2.Listen, events: EventWriter, latches: Latches) -> None:
        self.number = order.listener
        self.register = Register(events)
        self._scope = order.scope
        self._latches = latches
        self._methods = scripts.scripted_methods(order)
        self._services = order.services
        greeters = services.greeters(order.services, self._methods)
        library_services.refuse_taken(order.services, self._methods)
        self._server = grpc.aio.server(**options.server_parameters(order.options))
        for greeter in greeters:
            greeter.add_to_server(self._servicer(greeter), self._server)
        if services.has_test_service(order.services, self._methods):
            self._server.add_generic_rpc_handlers([self._test_service()])
        if self._methods:
            self._server.add_generic_rpc_handlers([scripts.ScriptRouter(self._script_handler)])

    def bind(self, order: peer_pb2.Listen) -> str:
        """Binds; gives the address."""
        return options.bind(self._server, order)

    async def start(self) -> None:
        """Accepts connections."""
        await library_services.add_aio(self._server, self._services)
        await self._server.start()

    async def stop(self, grace: float | None) -> None:
        """Lets calls end by themselves for so many seconds, then ends them."""
        await self._server.stop(grace)

    async def end(self, limit: float) -> int:
        """Ends calls and handlers by force; gives how many handlers could not be ended."""
        idle = asyncio.Event()
        self.register.close(idle.set)
        ending = [asyncio.ensure_future(self.stop(None)), asyncio.ensure_future(idle.wait())]
        await asyncio.wait(ending, timeout=limit)
        return self.register.give_up()

    def _servicer(self, greeter: services.Greeter) -> Any:
        listener = self

        class Servicer(greeter.servicer):
            async def SayHello(self, request: Any, context: grpc.aio.ServicerContext) -> Any:
                record = HandlerRecord(listener.number, greeter.path, Inbox(None), False)
                async with Handling(record, listener.register, context):
                    record.inbox.note(request)
                    return greeter.greet(request)

        return Servicer()

    def _test_service(self) -> grpc.GenericRpcHandler:
        # Imported here, since most processes never need it.
        from wirecheck_peer import aio_test_service, test_service

        service = aio_test_service.TestService(self.number, self.register)
        return test_service.generic_handler(service.behavior)

    def _script_handler(self, path: str) -> grpc.RpcMethodHandler | None:
        """What serves one call of a scripted method; None if there is no script for the path."""
        method = self._methods.get(path)
        if method is None:
            return None
        inbox = method.inbox()
        record = HandlerRecord(self.number, path, inbox, method.streams_requests)

        async def respond(_: Any, context: grpc.aio.ServicerContext) -> Outgoing | None:
            async with Handling(record, self.register, context) as handling:
                return await ScriptedHandler(method, handling, self._latches, self._scope).respond()

        return scripts.rpc_method_handler(method, inbox, respond)
