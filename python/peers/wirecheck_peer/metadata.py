"""Metadata between the contract and grpcio, and the one key that carries a status' details."""

from collections.abc import Iterable

from wirecheck.v1 import peer_pb2

from wirecheck_peer.stdio import log

Pairs = tuple[tuple[str, str | bytes], ...]

_MAX_REPORTED = 1024 * 1024  # Bytes of keys and values.
_DETAILS_KEY = "grpc-status-details-bin"


def to_pairs(metadata: Iterable[peer_pb2.Metadatum]) -> Pairs:
    """Metadata as grpcio takes it: text, and bytes for keys that end in `-bin`."""
    return tuple((entry.key, _to_value(entry)) for entry in metadata)


def from_pairs(pairs: Iterable[tuple[str, str | bytes]] | None) -> list[peer_pb2.Metadatum]:
    """Metadata as grpcio gives it, cut where it would fill the better part of an envelope."""
    entries: list[peer_pb2.Metadatum] = []
    left = _MAX_REPORTED
    for key, value in pairs or ():
        data = value.encode() if isinstance(value, str) else value
        left -= len(key) + len(data)
        if left < 0:
            log(f"metadata of more than {_MAX_REPORTED} bytes is cut before {key!r}")
            break
        entries.append(peer_pb2.Metadatum(key=key, value=data))
    return entries


def trailing(status: peer_pb2.Status) -> Pairs:
    """What a status sends besides its code and message."""
    pairs = to_pairs(status.trailing)
    return (*pairs, (_DETAILS_KEY, status.details)) if status.details else pairs


def status_details(entries: Iterable[peer_pb2.Metadatum]) -> bytes:
    """The details among trailing metadata, empty if there are none."""
    return next((entry.value for entry in entries if entry.key == _DETAILS_KEY), b"")


def _to_value(entry: peer_pb2.Metadatum) -> str | bytes:
    if entry.key.endswith("-bin"):
        return entry.value
    try:
        return entry.value.decode("ascii")
    except UnicodeDecodeError:
        # Not a legal value. grpcio passes bytes to its core, which has the last word.
        return entry.value
