"""Starts the peer `python-grpcio-aio`: `python -P grpcio_aio.py client|server`."""

import sys
from pathlib import Path

PEERS = Path(__file__).resolve().parent
sys.path[:0] = [str(PEERS), str(PEERS.parent / "generated")]

from wirecheck_peer import aio_peer  # noqa: E402  (the path is set just above)

if __name__ == "__main__":
    aio_peer.main(sys.argv[1:])
