"""The peer `python-grpcio` with one fault on purpose: `broken.py FAULT client|server`.

Each fault changes one place of the real peer before it starts. Nothing tells the harness which
fault it is: what it sees on the pipes and on the line is all that it has.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "python", "peers"), os.path.join(ROOT, "python", "generated")]

import grpc  # noqa: E402  (the path is set just above)
from wirecheck_peer import (  # noqa: E402
    messages,
    metadata,
    records,
    sync_client,
    sync_handler,
    sync_peer,
)

_GRANDCHILD_LIFE = 300  # Seconds, should the harness fail to end it.


def never_ready() -> None:
    """Reads its orders and answers none."""
    while os.read(0, 65_536):
        pass
    sys.exit(0)


def dies_at_start() -> None:
    """Lacks something and says so."""
    print("cannot load the greeter: libgreeter.so: no such file", file=sys.stderr)
    sys.exit(7)


def hangs() -> None:
    """Takes calls and never comes back to them, not even to cancel."""
    sync_client.Client.call = lambda self, order: None


def text_on_stdout() -> None:
    """Greets its user where only frames may be."""
    os.write(1, b"Loading the greeter ...\n")


def floods_stderr() -> None:
    """Logs without end, and works."""
    line = b"DEBUG greeter: " + b"still here " * 90 + b"\n"
    # More than is kept, before the first call: a cell may be over too soon for it.
    for _ in range(3 * 1024):
        os.write(2, line)

    def flood() -> None:
        while True:
            os.write(2, line)

    threading.Thread(target=flood, daemon=True).start()


def wrong_bytes() -> None:
    """Flips the lowest bit of the last byte of every message."""
    right = messages.serialize

    def serialize(item: messages.Outgoing) -> bytes:
        data = right(item)
        return data[:-1] + bytes([data[-1] ^ 1]) if data else data

    messages.serialize = serialize


def wrong_status() -> None:
    """Answers every call and then says ABORTED."""
    leave = sync_handler.Handling.__exit__

    def leave_aborted(self: sync_handler.Handling, *error: object) -> None:
        self.context.set_code(grpc.StatusCode.ABORTED)
        leave(self, *error)

    sync_handler.Handling.__exit__ = leave_aborted


def lies_in_report() -> None:
    """Says that every call went well, whatever the server said."""
    report = records.CallRecord.report

    def report_ok(
        self: records.CallRecord,
        status: int,
        message: str,
        leading: metadata.Pairs,
        trailing: metadata.Pairs,
    ) -> None:
        report(self, 0, "", leading, trailing)

    records.CallRecord.report = report_ok


def leaves_grandchild() -> None:
    """Ends in order, and a process that it started does not."""
    life = f"import signal; signal.alarm({_GRANDCHILD_LIFE}); signal.pause()"
    subprocess.Popen(
        [sys.executable, "-c", life], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )


FAULTS: dict[str, Callable[[], None]] = {
    "never-ready": never_ready,
    "dies-at-start": dies_at_start,
    "hangs": hangs,
    "text-on-stdout": text_on_stdout,
    "floods-stderr": floods_stderr,
    "wrong-bytes": wrong_bytes,
    "wrong-status": wrong_status,
    "lies-in-report": lies_in_report,
    "leaves-grandchild": leaves_grandchild,
}


def main(arguments: list[str]) -> None:
    """Brings the fault in and runs the peer."""
    if len(arguments) != 2 or arguments[0] not in FAULTS:
        sys.exit(f"usage: broken.py {'|'.join(FAULTS)} client|server")
    FAULTS[arguments[0]]()
    sync_peer.main(arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
