"""The pure parts of `make article` and `make bench-claim`."""

import json
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "python" / "article_tour"), str(ROOT / "bench")]

import cargo  # noqa: E402
import claim  # noqa: E402
import port  # noqa: E402
from languages import Missing  # noqa: E402
from tally import Tally  # noqa: E402

# Two listeners, on 50051 (0xC383) and 50052, and a connection to the first.
PROC_NET_TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:C383 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 41001 1
   1: 0100007F:C384 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 41002 1
   2: 0100007F:C383 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 41003 1
"""


class Port(unittest.TestCase):
    def test_only_the_socket_that_listens_on_the_port_counts(self) -> None:
        self.assertEqual(port.parse_listeners(PROC_NET_TCP, 50051), ["41001"])

    def test_a_strangers_command_line_is_cut_and_cannot_drive_the_terminal(self) -> None:
        self.assertEqual(port.printable("evil\x1b[2J\n"), "evil?[2J?")
        self.assertEqual(len(port.printable("x" * 1000)), 120)


class Cargo(unittest.TestCase):
    def test_programs_are_found_by_name_among_cargos_messages(self) -> None:
        messages = [
            {
                "reason": "compiler-artifact",
                "target": {"name": "article-main"},
                "executable": "/b/m",
            },
            {"reason": "compiler-artifact", "target": {"name": "tonic"}, "executable": None},
            {"reason": "compiler-artifact", "target": {"name": "other"}, "executable": "/b/o"},
            {"reason": "build-finished", "success": True},
        ]
        found = cargo.executables("\n".join(map(json.dumps, messages)))
        self.assertEqual(found, {"article-main": Path("/b/m")})


class TallyOfATour(unittest.TestCase):
    def test_every_output_as_printed(self) -> None:
        tally = Tally()
        self.assertEqual(tally.compare("main", "World", "World"), "ok")
        self.assertEqual(tally.verdict(), "all 1 outputs are as the article prints them")

    def test_an_output_that_differs_is_kept_with_both_texts(self) -> None:
        tally = Tally()
        tally.compare("main", "World", "World")
        self.assertEqual(tally.compare("client", "Bye", "Hello"), "X differs")
        self.assertEqual(tally.differing, ["client: printed 'Bye', and the article 'Hello'"])
        self.assertEqual(tally.verdict(), "1 of 2 outputs are not as the article prints them")

    def test_what_is_not_run_is_counted_and_its_reason_told_once(self) -> None:
        tally = Tally()
        tally.compare("main", "World", "World")
        go = Missing("go", "go not found", "install Go")
        for _ in range(2):
            self.assertEqual(tally.leave_out(go), "not run: go not found")
        self.assertEqual(tally.missing, [go])
        self.assertEqual(
            tally.verdict(),
            "all 1 outputs are as the article prints them; 2 not run: go not found",
        )


class Claim(unittest.TestCase):
    def test_figures_have_the_digits_that_count(self) -> None:
        figures = [0.0651, 0.94, 4.26, 9.96, 25.4, 1234.0]
        shown = ["0.07", "0.94", "4.3", "10", "25", "1,234"]
        self.assertEqual([claim.three_digits(figure) for figure in figures], shown)

    def test_times_have_a_unit(self) -> None:
        self.assertEqual(claim.duration(272.4), "272 ns")
        self.assertEqual(claim.duration(2_720.0), "2.7 us")

    def test_columns_of_a_table_line_up(self) -> None:
        lines = claim.table([["a", "long"], ["wider", "b"]])
        self.assertEqual(lines, ["| a     | long |", "|-------|------|", "| wider | b    |"])


if __name__ == "__main__":
    unittest.main()
