"""Frames cut from bytes, however they arrive."""

import sys
import unittest

from driver import MAGIC, PYTHON, frame, peer_pb2

sys.path.insert(0, str(PYTHON / "peers"))

from wirecheck_peer.errors import BrokenContract
from wirecheck_peer.frames import MAX_ENVELOPE, FrameParser, encode

ORDERS = [
    {"start": peer_pb2.Start(contract_version=1)},
    {"release": peer_pb2.Release(scope="s" * 300, name="n")},
    {"stop": peer_pb2.Stop()},
]
STREAM = b"".join(frame(**order) for order in ORDERS)


class FrameTests(unittest.TestCase):
    def test_any_split_gives_the_same_orders(self):
        expected = FrameParser().feed(STREAM)
        self.assertEqual(
            [order.WhichOneof("order") for order in expected], ["start", "release", "stop"]
        )
        for size in range(1, len(STREAM)):
            parser, orders = FrameParser(), []
            for start in range(0, len(STREAM), size):
                orders += parser.feed(STREAM[start : start + size])
            self.assertEqual(orders, expected)
            self.assertFalse(parser.half_read)

    def test_a_frame_is_half_read_until_its_last_byte(self):
        parser = FrameParser()
        one = frame(**ORDERS[1])
        self.assertFalse(parser.half_read)
        for byte in one[:-1]:
            self.assertEqual(parser.feed(bytes([byte])), [])
            self.assertTrue(parser.half_read)
        self.assertEqual(len(parser.feed(one[-1:])), 1)
        self.assertFalse(parser.half_read)

    def test_an_event_begins_with_the_magic_number(self):
        event = encode(peer_pb2.FromPeer(opened=peer_pb2.Opened(channel=7)))
        self.assertEqual(event[:6].hex(" "), "09 0d 31 4b 43 57")
        self.assertEqual(peer_pb2.FromPeer.FromString(event[1:]).magic, MAGIC)

    def test_what_is_no_frame_is_found_with_its_first_bytes(self):
        wrong = {
            "text": b"Hello",
            "another magic number": b"\x05\x0d\x31\x4b\x43\x58",
            "no room for the magic number": b"\x04\x0d\x31\x4b\x43",
            "an empty envelope": b"\x00",
            "a length without an end": b"\xff\xff\xff\xff\xff\xff",
            "an envelope that is too long": b"\x81\x80\x80\x04",
            "no protobuf": b"\x06\x0d\x31\x4b\x43\x57\xff",
        }
        for name, data in wrong.items():
            with self.subTest(name), self.assertRaises(BrokenContract):
                FrameParser().feed(data)

    def test_the_longest_envelope_is_taken(self):
        spare = MAX_ENVELOPE - len(frame(release=peer_pb2.Release(name=""))) - 10
        order = {"release": peer_pb2.Release(name="n" * spare)}
        self.assertEqual(len(FrameParser().feed(frame(**order))), 1)


if __name__ == "__main__":
    unittest.main()
