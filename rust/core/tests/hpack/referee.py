"""Gives the opinion of Python's hpack on header blocks.

Reads one sequence of steps a line: ``L<size>`` acknowledges a
SETTINGS_HEADER_TABLE_SIZE, ``B<hex>`` is a header block. Answers each line with
one word a block, up to the first that is refused: ``R<error>``, or
``A<flags>;<name>:<value>,...`` with a flag for each field that must never be
indexed, and with names and values in hexadecimal.
"""

import signal
import sys

from hpack import Decoder, HPACKError, NeverIndexedHeaderTuple

# Enough for any block of the test: the list is compared as a whole.
MAX_HEADER_LIST_SIZE = 2**31

# A referee that nobody ends must not stay.
LIFETIME_SECONDS = 600


def main() -> None:
    signal.alarm(LIFETIME_SECONDS)
    for line in sys.stdin:
        print(" ".join(judge_sequence(line.split())))


def judge_sequence(steps: list[str]) -> list[str]:
    decoder = Decoder(max_header_list_size=MAX_HEADER_LIST_SIZE)
    opinions = []
    for step in steps:
        if step.startswith("L"):
            decoder.max_allowed_table_size = int(step[1:])
            continue
        opinion = judge_block(decoder, bytes.fromhex(step[1:]))
        opinions.append(opinion)
        if opinion.startswith("R"):
            break
    return opinions


def judge_block(decoder: Decoder, block: bytes) -> str:
    try:
        headers = decoder.decode(block, raw=True)
    except HPACKError as error:
        return f"R{type(error).__name__}"
    flags = "".join(str(int(isinstance(header, NeverIndexedHeaderTuple))) for header in headers)
    fields = ",".join(f"{header[0].hex()}:{header[1].hex()}" for header in headers)
    return f"A{flags};{fields}"


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):
        # The test has seen enough.
        sys.stderr.close()
