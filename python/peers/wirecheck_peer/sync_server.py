"""The server role on grpcio's threads."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import grpc
from wirecheck.v1 import peer_pb2

from wirecheck_peer import features, library_services, options, scripts, services
from wirecheck_peer.errors import CouldNotTryError
from wirecheck_peer.latches import Latches
from wirecheck_peer.messages import Inbox, Outgoing
from wirecheck_peer.records import HandlerRecord, Register
from wirecheck_peer.stdio import EventWriter
from wirecheck_peer.sync_handler import Handling, ScriptedHandler

MAX_HANDLERS = 64
MAX_LISTENERS = 64
_UNLISTEN_LIMIT = 2.0  # Seconds for handlers to end after their calls were cancelled.
_STOP_LIMIT = 1.0  # Seconds for all servers together.


class Server:
    """Listeners, and the threads that their handlers share."""

    feature_names = features.SERVER
    limits: ClassVar = {"max_handlers": MAX_HANDLERS, "max_listeners": MAX_LISTENERS}

    def __init__(self, events: EventWriter) -> None:
        self._events = events
        self._latches = Latches()
        self._listeners: dict[int, Listener] = {}
        self._handlers = ThreadPoolExecutor(MAX_HANDLERS, thread_name_prefix="handler")
        # A receive lane for each handler, and `Unlisten` and `Shutdown` of each listener.
        self._threads = ThreadPoolExecutor(
            MAX_HANDLERS + 2 * MAX_LISTENERS, thread_name_prefix="lane"
        )

    def listen(self, order: peer_pb2.Listen) -> None:
        """Opens a listener."""
        features.demand(order.requires, features.SERVER)
        if len(self._listeners) >= MAX_LISTENERS:
            raise CouldNotTryError(f"{MAX_LISTENERS} listeners are open already")
        listener = Listener(order, self._events, self._latches, self._handlers, self._threads)
        address = listener.bind(order)
        self._listeners[order.listener] = listener
        listener.start()
        self._events.send(listening=peer_pb2.Listening(listener=order.listener, address=address))

    def shutdown(self, order: peer_pb2.Shutdown) -> None:
        """Shuts a listener down in the middle of a cell."""
        features.demand(order.requires, features.SERVER)
        listener = self._find(order.listener)
        grace = order.grace_ms / 1000 if order.HasField("grace_ms") else 0
        self._threads.submit(self._shutdown, listener, grace)

    def unlisten(self, order: peer_pb2.Unlisten) -> None:
        """Ends a listener by force."""
        listener = self._find(order.listener)
        del self._listeners[order.listener]
        self._threads.submit(self._unlisten, listener)

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

    def stop(self) -> None:
        """Ends everything by force."""
        deadline = time.monotonic() + _STOP_LIMIT
        stopped = [listener.stop(0) for listener in list(self._listeners.values())]
        for event in stopped:
            event.wait(max(deadline - time.monotonic(), 0))

    def _find(self, number: int) -> "Listener":
        if number not in self._listeners:
            raise CouldNotTryError(f"there is no listener {number}")
        return self._listeners[number]

    def _shutdown(self, listener: "Listener", grace: float) -> None:
        listener.stop(grace).wait()
        self._events.send(shut_down=peer_pb2.ShutDown(listener=listener.number))

    def _unlisten(self, listener: "Listener") -> None:
        still_running = listener.end(_UNLISTEN_LIMIT)
        self._events.send(
            unlistened=peer_pb2.Unlistened(listener=listener.number, still_running=still_running)
        )


class Listener:
    """One `grpc.server` and what it serves."""

    def __init__(
        self,
        order: peer_pb2.Listen,
        events: EventWriter,
        latches: Latches,
        handlers: ThreadPoolExecutor,
        threads: ThreadPoolExecutor,
    ) -> None:
        self.number = order.listener
        self.register = Register(events)
        self._scope = order.scope
        self._latches = latches
        self._threads = threads
        self._methods = scripts.scripted_methods(order)
        greeters = services.greeters(order.services, self._methods)
        library_services.refuse_taken(order.services, self._methods)
        self._server = grpc.server(handlers, **options.server_parameters(order.options))
        for greeter in greeters:
            greeter.add_to_server(self._servicer(greeter), self._server)
        if services.has_test_service(order.services, self._methods):
            self._server.add_generic_rpc_handlers([self._test_service()])
        library_services.add_sync(self._server, order.services)
        if self._methods:
            self._server.add_generic_rpc_handlers([scripts.ScriptRouter(self._script_handler)])

    def bind(self, order: peer_pb2.Listen) -> str:
        """Binds; gives the address."""
        return options.bind(self._server, order)

    def start(self) -> None:
        """Accepts connections."""
        self._server.start()

    def stop(self, grace: float) -> threading.Event:
        """Lets calls end by themselves for so many seconds, then ends them."""
        return self._server.stop(grace)

    def end(self, limit: float) -> int:
        """Ends calls and handlers by force; gives how many handlers could not be ended."""
        idle = threading.Event()
        self.register.close(idle.set)
        stopped = self.stop(0)
        idle.wait(limit)
        stopped.wait(limit)
        return self.register.give_up()

    def _servicer(self, greeter: services.Greeter) -> Any:
        listener = self

        class Servicer(greeter.servicer):
            def SayHello(self, request: Any, context: grpc.ServicerContext) -> Any:
                record = HandlerRecord(listener.number, greeter.path, Inbox(None), False)
                with Handling(record, listener.register, context):
                    record.inbox.note(request)
                    return greeter.greet(request)

        return Servicer()

    def _test_service(self) -> grpc.GenericRpcHandler:
        # Imported here, since most processes never need it.
        from wirecheck_peer import sync_test_service, test_service

        service = sync_test_service.TestService(self.number, self.register)
        return test_service.generic_handler(service.behavior)

    def _script_handler(self, path: str) -> grpc.RpcMethodHandler | None:
        """What serves one call of a scripted method; None if there is no script for the path."""
        method = self._methods.get(path)
        if method is None:
            return None
        inbox = method.inbox()
        record = HandlerRecord(self.number, path, inbox, method.streams_requests)

        def begin(argument: Any, handling: Handling) -> ScriptedHandler:
            requests = argument if method.streams_requests else None
            return ScriptedHandler(method, handling, requests, self._latches, self._scope)

        def respond(argument: Any, context: grpc.ServicerContext) -> Outgoing | None:
            with Handling(record, self.register, context) as handling:
                return begin(argument, handling).response(self._threads)

        def stream(argument: Any, context: grpc.ServicerContext) -> Iterator[Outgoing]:
            with Handling(record, self.register, context) as handling:
                yield from begin(argument, handling).responses(self._threads)

        return scripts.rpc_method_handler(
            method, inbox, stream if method.streams_responses else respond
        )
