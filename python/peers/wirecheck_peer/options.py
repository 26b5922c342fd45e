"""What a channel and a listener are made with: the contract's options, addresses and certificates.

What is not in a table cannot be set through grpcio and is `Unsupported`: so is the window of the
connection, which the core library moves by itself. `grpc` and `grpc.aio` make theirs with functions
of the same names and parameters, so both peers are served here.
"""

from typing import Any

import grpc
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

# By their names in `grpc-encoding`. grpcio accepts both whatever it is told.
CODINGS = {"gzip": grpc.Compression.Gzip, "deflate": grpc.Compression.Deflate}
# Not channel arguments, so there are none to set: see `_compression`.
_CODING_OPTIONS = {"compression": (), "accept_compression": ()}

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
    **_CODING_OPTIONS,
}

CHANNEL_OPTIONS = {
    **_SIZES,
    **_HEADER_LIST,
    **_WINDOW,
    **_KEEPALIVE,
    "keepalive_without_calls": ("grpc.keepalive_permit_without_calls",),
    "authority": ("grpc.default_authority",),
    "user_agent": ("grpc.primary_user_agent",),
    **_CODING_OPTIONS,
}


def server_parameters(options: peer_pb2.ServerOptions) -> dict[str, Any]:
    """What a server is made with, besides what runs its handlers."""
    arguments = [
        # grpcio would share a port with another listener of this machine without a word.
        ("grpc.so_reuseport", 0),
        *_arguments(options, SERVER_OPTIONS),
    ]
    return {"options": arguments, "compression": _compression(options)}


def channel(library: Any, order: peer_pb2.Open) -> Any:
    """Makes a channel with `grpc` or `grpc.aio`."""
    arguments = [
        # Channels to one address would share one connection.
        ("grpc.use_local_subchannel_pool", 1),
        # The proxy variables would redirect even calls to 127.0.0.1.
        ("grpc.enable_http_proxy", 0),
        *_arguments(order.options, CHANNEL_OPTIONS),
    ]
    compression = _compression(order.options)
    if not order.HasField("tls"):
        return library.insecure_channel(order.target, arguments, compression)
    if order.tls.server_name:
        arguments.append(("grpc.ssl_target_name_override", order.tls.server_name))
    credentials = _channel_credentials(order.tls)
    return library.secure_channel(order.target, credentials, arguments, compression)


def _arguments(options: Message, table: dict[str, tuple[str, ...]]) -> list[ChannelArgument]:
    arguments: list[ChannelArgument] = []
    for field, value in options.ListFields():
        if field.name not in table:
            raise UnsupportedError(f"option:{field.name}")
        if field.name in _CODING_OPTIONS and value not in CODINGS:
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


def _compression(options: peer_pb2.ServerOptions | peer_pb2.ChannelOptions) -> Any:
    """The coding of what is sent: an element of `grpc.Compression`, or None for none."""
    return CODINGS.get(options.compression)


# ---------------------------------------------------------------- addresses


def bind(server: Any, order: peer_pb2.Listen) -> str:
    """Binds a server of `grpc` or `grpc.aio`; gives the address as the contract wants it said."""
    address = _bind_address(order.transport)
    if order.HasField("tls"):
        port = server.add_secure_port(address, _server_credentials(order.tls))
    else:
        port = server.add_insecure_port(address)
    return _bound_address(order.transport, port)


def _bind_address(transport: peer_pb2.Transport) -> str:
    match transport.WhichOneof("kind"):
        case "tcp":
            return f"{_host(transport.tcp)}:0"
        case "uds":
            return f"unix:{transport.uds.path}"
        case _:
            raise CouldNotTryError("the listener has no transport that this peer knows")


def _bound_address(transport: peer_pb2.Transport, port: int) -> str:
    return transport.uds.path if transport.HasField("uds") else f"{_host(transport.tcp)}:{port}"


def _host(tcp: peer_pb2.Tcp) -> str:
    return "[::1]" if tcp.ipv6 else "127.0.0.1"


# ---------------------------------------------------------------- certificates


def _server_credentials(tls: peer_pb2.ServerTls) -> grpc.ServerCredentials:
    """What a server proves itself with. PEM that does not parse makes `add_secure_port` fail."""
    return grpc.ssl_server_credentials(
        [(tls.private_key, tls.certificate_chain)],
        root_certificates=tls.client_ca or None,
        require_client_auth=bool(tls.client_ca),
    )


def _channel_credentials(tls: peer_pb2.ClientTls) -> grpc.ChannelCredentials:
    """What a client trusts and shows.

    Raises:
        CouldNotTryError: The PEM does not parse, or a key belongs to another certificate.
    """
    _check_certificates(tls)
    return grpc.ssl_channel_credentials(
        tls.ca, tls.private_key or None, tls.certificate_chain or None
    )


def _check_certificates(tls: peer_pb2.ClientTls) -> None:
    """Refuses what grpcio would not notice before a call.

    It ends each call with UNAVAILABLE then, as if the server had been at fault; and a key without
    a certificate, or the other way round, makes it abort the process.
    """
    import ssl  # Here, since most processes never need it.

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=tls.ca.decode("ascii"))
        if tls.certificate_chain or tls.private_key:
            _load_own_certificate(context, tls)
    except (ssl.SSLError, ValueError) as error:
        raise CouldNotTryError(f"the client's PEM cannot be used: {error}") from error


def _load_own_certificate(context: Any, tls: peer_pb2.ClientTls) -> None:
    import tempfile  # Python's `ssl` reads it from files alone.

    with tempfile.NamedTemporaryFile() as file:
        file.write(tls.private_key + b"\n" + tls.certificate_chain)
        file.flush()
        # Without a password to try, an encrypted key would ask for one at the terminal.
        context.load_cert_chain(file.name, password="")
