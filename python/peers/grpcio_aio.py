"""Starts the peer `python-grpcio-aio`: `python -P grpcio_aio.py client|server`."""

import os
import sys

# Not pathlib, whose import would be a tenth of the time that a peer takes to start.
PEERS = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [PEERS, os.path.join(os.path.dirname(PEERS), "generated")]

from wirecheck_peer import aio_peer  # noqa: E402  (the path is set just above)

if __name__ == "__main__":
    aio_peer.main(sys.argv[1:])
