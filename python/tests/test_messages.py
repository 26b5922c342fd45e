"""What is kept of received messages, and how given ones are built."""

import sys
import unittest

from driver import PYTHON, peer_pb2
from orders import WORLD, raw

sys.path.insert(0, str(PYTHON / "peers"))

from google.protobuf.message import DecodeError
from hello_pb2 import HelloRequest
from wirecheck_peer import frames, messages
from wirecheck_peer.errors import CouldNotTryError
from wirecheck_peer.latches import Latches

MEBIBYTE = 1 << 20


class InboxTests(unittest.TestCase):
    def test_whole_messages_share_an_allowance(self):
        inbox = messages.Inbox(HelloRequest, whole=True)
        data = HelloRequest(name="n" * (2 * MEBIBYTE - 4)).SerializeToString()
        self.assertEqual(len(data), 2 * MEBIBYTE)
        for _ in range(3):
            inbox.deserialize(data)
        heads = [len(seen.head) for seen in inbox.report(whole=True)]
        self.assertEqual(heads, [2 * MEBIBYTE, 2 * MEBIBYTE, 4096])

    def test_the_fullest_inbox_fits_into_an_envelope(self):
        inbox = messages.Inbox(HelloRequest, whole=True)
        inbox.deserialize(HelloRequest(name="n" * (4 * MEBIBYTE - 5)).SerializeToString())
        long = HelloRequest(name="n" * 5000).SerializeToString()
        for _ in range(1_100):
            inbox.deserialize(long)
        handled = peer_pb2.Handled(messages=inbox.report(True), message_count=inbox.count)
        self.assertEqual((len(handled.messages), handled.message_count), (1_000, 1_101))
        self.assertEqual(len(handled.messages[0].head), 4 * MEBIBYTE)
        self.assertLess(len(frames.encode(peer_pb2.FromPeer(handled=handled))), 8 * MEBIBYTE)

    def test_a_refused_message_is_counted_and_raised(self):
        inbox = messages.Inbox(HelloRequest)
        inbox.deserialize(WORLD)
        self.assertRaises(DecodeError, inbox.deserialize, WORLD[:-1])
        first, second = inbox.report(whole=False)
        self.assertEqual((first.head, first.codec_error), (WORLD, ""))
        self.assertEqual((second.head, second.length, second.sha256), (b"", 0, b""))
        self.assertIn("HelloRequest", second.codec_error)
        self.assertTrue(inbox.refused)


class PayloadTests(unittest.TestCase):
    def fill(self, byte, count):
        fill = peer_pb2.Fill(byte=byte, count=count)
        return peer_pb2.Step(raw=peer_pb2.Payload(pieces=[peer_pb2.Piece(fill=fill)] * 2))

    def test_fills(self):
        self.assertEqual(messages.outgoing(self.fill(255, 3), HelloRequest), b"\xff" * 6)

    def test_fills_have_limits(self):
        for byte, count in ((256, 1), (0, 33 * MEBIBYTE)):
            with self.assertRaises(CouldNotTryError):
                messages.outgoing(self.fill(byte, count), HelloRequest)

    def test_types_that_nobody_described(self):
        for name in ("", "Nobody", "helloworld.Nobody"):
            self.assertRaises(CouldNotTryError, messages.message_class, name, b"")
        self.assertRaises(CouldNotTryError, messages.message_class, "Nobody", b"\xff")
        self.assertEqual(messages.outgoing(raw(b"\xff"), HelloRequest), b"\xff")


class LatchTests(unittest.TestCase):
    def test_latches_are_named_by_scope_and_stay_open(self):
        latches, heard = Latches(), []
        for scope in ("a", "b"):
            latches.when_released(scope, "go", lambda scope=scope: heard.append(scope))
        latches.release("a", "go")
        latches.release("a", "go")
        self.assertEqual(heard, ["a"])
        latches.when_released("a", "go", lambda: heard.append("late"))
        self.assertEqual(heard, ["a", "late"])

    def test_the_end_of_a_scope_forgets_them(self):
        latches, heard = Latches(), []
        latches.release("a", "go")
        latches.end_scope("a")
        latches.when_released("a", "go", lambda: heard.append("go"))
        self.assertEqual(heard, [])


if __name__ == "__main__":
    unittest.main()
