"""What this peer can do, by the contract's names."""

from collections.abc import Iterable, Sequence

from wirecheck.v1 import peer_pb2

from wirecheck_peer import official, options, services
from wirecheck_peer.errors import CouldNotTryError, UnsupportedError

_LINES = ["tcp", "uds", "ipv6", "tls", "mtls"]

_CODINGS = [f"compression:{name}" for name in options.CODINGS]

# grpcio's handlers have a switch for the next message; its callers have none.
_PER_MESSAGE = "per-message-compression"

_MESSAGES = [
    "raw-messages",
    "dynamic-messages",
    "unknown-fields",
    f"types:{official.PACKAGE}",
]

CLIENT = [
    "client",
    *_LINES,
    "call-credentials",
    *_CODINGS,
    *_MESSAGES,
    "api-idiomatic",
    "api-stream",
    "await-headers",
    "leading-metadata",
    *(f"option:{name}" for name in options.CHANNEL_OPTIONS),
]

SERVER = [
    "server",
    *_LINES,
    *_CODINGS,
    _PER_MESSAGE,
    *_MESSAGES,
    "scripts",
    "panic",
    "graceful-shutdown",
    *(f"option:{name}" for name in options.SERVER_OPTIONS),
    *(f"service:{name}" for name in services.NAMES),
]

CLIENT_SEND_STEPS = {"message", "raw", "half_close", "wait", "cancel"}
CLIENT_RECEIVE_STEPS = {"await_headers", "receive", "wait", "cancel"}
SERVER_SEND_STEPS = {"message", "raw", "wait", "headers", "status", "panic"}
SERVER_RECEIVE_STEPS = {"receive", "wait", "status", "panic"}


def demand(requires: Iterable[str], known: Sequence[str]) -> None:
    """Refuses what this peer has never heard of."""
    for name in requires:
        if name not in known:
            raise UnsupportedError(name)


def demand_steps(steps: Sequence[peer_pb2.Step], known: Sequence[str], kinds: set[str]) -> None:
    """Refuses a lane with a step that cannot be carried out; `kinds` are those of the lane."""
    for step in steps:
        demand(step.requires, known)
        if step.uncompressed:
            demand([_PER_MESSAGE], known)
    for number, step in enumerate(steps, 1):
        kind = step.WhichOneof("kind")
        if kind == "reset":
            # grpcio has no way to choose the code of RST_STREAM.
            raise UnsupportedError("reset")
        if kind not in kinds:
            raise CouldNotTryError(f"step {number} of a lane has no place there: {kind}")
