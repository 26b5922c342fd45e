"""The contract's options as grpcio's channel arguments.

What is not in a table cannot be set through grpcio and is `Unsupported`: so is the window of the
connection, which the core library moves by itself.
"""

from google.protobuf.message import Message
from wirecheck.v1 import peer_pb2

from wirecheck_peer.errors import CouldNotTryError, UnsupportedError

ChannelArgument = tuple[str, int | str]

_INT_MAX = 2**31 - 1

_SIZES = {
    "max_receive_message_size": ("grpc.max_receive_message_length",),
    "max_send_message_size": ("grpc.max_send_message_length",),
}
# The core has a limit above which it drops calls at random and one above which it drops all. One
# number for both makes the limit a plain one, and it is what SETTINGS announces.
_HEADER_LIST = {
    "max_header_list_size": ("grpc.max_metadata_size", "grpc.absolute_max_metadata_size")
}
_WINDOW = {"initial_stream_window": ("grpc.http2.lookahead_bytes",)}
_KEEPALIVE = {
    "keepalive_interval_ms": ("grpc.keepalive_time_ms",),
    "keepalive_timeout_ms": ("grpc.keepalive_timeout_ms",),
}

# Without these the core would not keep to what is set: it moves the window by its own estimate of
# the line, and it stops to ping after two pings without data.
_COMPANIONS = {
    "initial_stream_window": [("grpc.http2.bdp_probe", 0)],
    "keepalive_interval_ms": [("grpc.http2.max_pings_without_data", 0)],
}

SERVER_OPTIONS = {
    **_SIZES,
    "max_concurrent_streams": ("grpc.max_concurrent_streams",),
    **_HEADER_LIST,
    **_WINDOW,
    **_KEEPALIVE,
    "min_ping_interval_ms": ("grpc.http2.min_ping_interval_without_data_ms",),
    "max_connection_age_ms": ("grpc.max_connection_age_ms",),
    "max_connection_age_grace_ms": ("grpc.max_connection_age_grace_ms",),
}

CHANNEL_OPTIONS = {
    **_SIZES,
    **_HEADER_LIST,
    **_WINDOW,
    **_KEEPALIVE,
    "keepalive_without_calls": ("grpc.keepalive_permit_without_calls",),
    "authority": ("grpc.default_authority",),
    "user_agent": ("grpc.primary_user_agent",),
}


def server_arguments(options: peer_pb2.ServerOptions) -> list[ChannelArgument]:
    """What a listener is made with."""
    # grpcio would share a port with another listener of this machine without a word.
    return [("grpc.so_reuseport", 0), *_arguments(options, SERVER_OPTIONS)]


def channel_arguments(options: peer_pb2.ChannelOptions) -> list[ChannelArgument]:
    """What a channel is made with."""
    return [
        # Channels to one address would share one connection.
        ("grpc.use_local_subchannel_pool", 1),
        # The proxy variables would redirect even calls to 127.0.0.1.
        ("grpc.enable_http_proxy", 0),
        *_arguments(options, CHANNEL_OPTIONS),
    ]


def _arguments(options: Message, table: dict[str, tuple[str, ...]]) -> list[ChannelArgument]:
    arguments: list[ChannelArgument] = []
    for field, value in options.ListFields():
        if field.name not in table:
            raise UnsupportedError(f"option:{field.name}")
        arguments += [(name, _value(field.name, value)) for name in table[field.name]]
        arguments += _COMPANIONS.get(field.name, [])
    return arguments


def _value(name: str, value: int | str) -> int | str:
    if isinstance(value, str):
        return value
    if value <= _INT_MAX:
        return int(value)
    if name in _SIZES:
        return -1  # No limit, which is the same: no protobuf message is that long.
    raise UnsupportedError(f"option:{name}")


def bind_address(transport: peer_pb2.Transport) -> str:
    """Where a listener binds, as grpcio wants it said."""
    match transport.WhichOneof("kind"):
        case "tcp":
            return "127.0.0.1:0"
        case "uds":
            return f"unix:{transport.uds.path}"
        case _:
            raise CouldNotTryError("the listener has no transport that this peer knows")


def bound_address(transport: peer_pb2.Transport, port: int) -> str:
    """Where a listener bound, as the contract wants it said."""
    return transport.uds.path if transport.HasField("uds") else f"127.0.0.1:{port}"
