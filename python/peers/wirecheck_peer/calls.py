"""What a client must know of a call before it begins. Shared by threads and asyncio."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import Message
from wirecheck.v1 import peer_pb2

from wirecheck_peer import features, messages
from wirecheck_peer.errors import CouldNotTryError, UnsupportedError
from wirecheck_peer.metadata import to_pairs

_STREAMED_REQUESTS = (peer_pb2.SHAPE_CLIENT_STREAMING, peer_pb2.SHAPE_BIDIRECTIONAL)
_STREAMED_RESPONSES = (peer_pb2.SHAPE_SERVER_STREAMING, peer_pb2.SHAPE_BIDIRECTIONAL)


def streams_requests(shape: peer_pb2.Shape) -> bool:
    """Whether a method of this shape takes a stream."""
    return shape in _STREAMED_REQUESTS


def streams_responses(shape: peer_pb2.Shape) -> bool:
    """Whether a method of this shape gives a stream."""
    return shape in _STREAMED_RESPONSES


@dataclass(frozen=True)
class Plan:
    """A call that can be carried out."""

    streams_requests: bool
    streams_responses: bool
    request_type: type[Message]
    response_type: type[Message]
    parameters: dict[str, Any]  # What the library is given with the call, by its own names.
    half_close_after: int  # The step of the send lane, from 1; 0 is the end of the lane.

    def multi_callable(self, channel: Any, method: str, deserialize: Callable) -> Any:
        """The library's object for this call: `channel.unary_unary(...)` and its sisters."""
        kinds = [
            "stream" if streams else "unary"
            for streams in (self.streams_requests, self.streams_responses)
        ]
        return getattr(channel, "_".join(kinds))(
            method, request_serializer=messages.serialize, response_deserializer=deserialize
        )


def plan(order: peer_pb2.Call) -> Plan:
    """Checks an order in full, so that nothing is found lacking in the middle of a call."""
    features.demand(order.requires, features.CLIENT)
    features.demand_steps(order.send, features.CLIENT, features.CLIENT_SEND_STEPS)
    features.demand_steps(order.receive, features.CLIENT, features.CLIENT_RECEIVE_STEPS)
    most_general = _is_stream_api(order.api)
    if order.shape not in peer_pb2.Shape.values() or not order.shape:
        raise CouldNotTryError(f"the call has no shape: {order.shape}")
    takes_stream = most_general or streams_requests(order.shape)
    return Plan(
        streams_requests=takes_stream,
        streams_responses=most_general or streams_responses(order.shape),
        request_type=messages.message_class(order.request_type, order.descriptor_set),
        response_type=messages.message_class(order.response_type, order.descriptor_set),
        parameters={
            "metadata": to_pairs(order.metadata),
            "timeout": order.timeout_ns / 1e9 if order.HasField("timeout_ns") else None,  # Seconds.
            "credentials": _credentials(order.bearer_token),
        },
        half_close_after=_half_close_after(order.send, takes_stream),
    )


def _is_stream_api(api: peer_pb2.Api) -> bool:
    if api not in (peer_pb2.API_IDIOMATIC, peer_pb2.API_STREAM):
        raise UnsupportedError(f"api-{api}")
    return api == peer_pb2.API_STREAM


def _credentials(bearer_token: str) -> grpc.CallCredentials | None:
    return grpc.access_token_call_credentials(bearer_token) if bearer_token else None


def _half_close_after(send: list[peer_pb2.Step], takes_stream: bool) -> int:
    payloads = messages.payload_steps(send)
    if not takes_stream and len(payloads) != 1:
        raise CouldNotTryError(f"a call with one request has {len(payloads)} messages to send")
    half_closes = [
        number for number, step in enumerate(send, 1) if step.WhichOneof("kind") == "half_close"
    ]
    last = payloads[-1] if payloads else 0
    if not half_closes:
        return last
    if len(half_closes) > 1 or half_closes[0] < last:
        raise CouldNotTryError("a half_close step stands before a message or another half_close")
    return half_closes[0]
