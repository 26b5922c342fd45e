"""Scripted methods: checked when a listener is opened, then taken call by call."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import Message
from wirecheck.v1 import peer_pb2

from wirecheck_peer import calls, features, messages
from wirecheck_peer.errors import CouldNotTryError

_MAX_STATUS = 16


@dataclass(frozen=True)
class ScriptedMethod:
    """A method that follows scripts."""

    path: str
    streams_requests: bool
    streams_responses: bool
    request_type: type[Message]
    response_type: type[Message]
    scripts: tuple[peer_pb2.Script, ...]

    def script(self, earlier: int) -> peer_pb2.Script:
        """The script of the call that `earlier` calls came before; the last one repeats."""
        return self.scripts[min(earlier, len(self.scripts) - 1)]

    def inbox(self) -> messages.Inbox:
        """An inbox for one call, whose script is not known before its handler is entered."""
        whole = any(script.whole for script in self.scripts)
        return messages.Inbox(self.request_type, whole)


def scripted_methods(order: peer_pb2.Listen) -> dict[str, ScriptedMethod]:
    """The scripted methods of a listener by their paths."""
    methods = {given.method: _method(given, order.descriptor_set) for given in order.scripts}
    if len(methods) < len(order.scripts):
        raise CouldNotTryError("two lists of scripts have the same path")
    return methods


def _method(given: peer_pb2.MethodScripts, descriptor_set: bytes) -> ScriptedMethod:
    if given.shape not in peer_pb2.Shape.values() or not given.shape:
        raise CouldNotTryError(f"{given.method} has no shape: {given.shape}")
    if not given.scripts:
        raise CouldNotTryError(f"{given.method} has no script")
    method = ScriptedMethod(
        path=given.method,
        streams_requests=calls.streams_requests(given.shape),
        streams_responses=calls.streams_responses(given.shape),
        request_type=messages.message_class(given.request_type, descriptor_set),
        response_type=messages.message_class(given.response_type, descriptor_set),
        scripts=tuple(given.scripts),
    )
    for script in method.scripts:
        _check(script, method)
    return method


def _check(script: peer_pb2.Script, method: ScriptedMethod) -> None:
    features.demand_steps(script.send, features.SERVER, features.SERVER_SEND_STEPS)
    features.demand_steps(script.receive, features.SERVER, features.SERVER_RECEIVE_STEPS)
    payloads = messages.payload_steps(script.send)
    if len(payloads) > 1 and not method.streams_responses:
        raise CouldNotTryError(f"{method.path} has one response and a script with {len(payloads)}")
    for number in payloads:
        # Built for its errors: a handler has no way to say that its script cannot be followed.
        messages.outgoing(script.send[number - 1], method.response_type)
    _check_statuses([*script.send, *script.receive])


def _check_statuses(steps: Iterable[peer_pb2.Step]) -> None:
    for step in steps:
        if step.WhichOneof("kind") == "status" and step.status.code > _MAX_STATUS:
            raise CouldNotTryError(f"grpcio has no status code {step.status.code}")


class ScriptRouter(grpc.GenericRpcHandler):
    """Gives each call a handler of its own, so that what the codec did is known by the call."""

    def __init__(self, handler: Callable[[str], grpc.RpcMethodHandler | None]) -> None:
        self._handler = handler  # By the path; None if there is no script for it.

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        return self._handler(details.method)


def rpc_method_handler(
    method: ScriptedMethod, inbox: messages.Inbox, behavior: Callable[..., Any]
) -> grpc.RpcMethodHandler:
    """grpcio's entry for one call: `grpc.unary_unary_rpc_method_handler` and its sisters."""
    kinds = [
        "stream" if streams else "unary"
        for streams in (method.streams_requests, method.streams_responses)
    ]
    make = getattr(grpc, f"{'_'.join(kinds)}_rpc_method_handler")
    return make(behavior, inbox.deserialize, messages.serialize)


def status_code(number: int) -> grpc.StatusCode:
    """grpcio's status code with this number, which is 0 to 16."""
    return next(code for code in grpc.StatusCode if code.value[0] == number)
