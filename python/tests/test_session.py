"""What a peer answers and refuses before any call is made."""

import sys
import unittest

from driver import PYTHON, peer_pb2

sys.path.insert(0, str(PYTHON / "peers"))

from wirecheck_peer.errors import BrokenContract, UnsupportedError
from wirecheck_peer.session import Session

START = peer_pb2.ToPeer(start=peer_pb2.Start(contract_version=1, role=peer_pb2.ROLE_CLIENT))


class Events:
    """Takes events in place of stdout."""

    def __init__(self):
        self.sent = []
        self.muted = False

    def send(self, **event):
        self.sent.append(event)

    def mute(self):
        self.muted = True


class ClientRole:
    """A client that notes its orders, and supports no channels."""

    feature_names = ("client",)
    limits = {"max_calls": 3}  # noqa: RUF012 (read only)

    def __init__(self):
        self.calls = []

    def open(self, order):
        raise UnsupportedError("uds")

    def close(self, order):
        raise OSError("out of luck")

    def call(self, order):
        self.calls.append(order.call)


class SessionTests(unittest.TestCase):
    def setUp(self):
        self.events, self.role, self.stops = Events(), ClientRole(), []
        self.session = Session(
            "a-peer", "client", self.role, self.events, lambda: self.stops.append(1)
        )

    def take(self, **order):
        self.session.take(peer_pb2.ToPeer(**order))

    def test_ready_says_what_the_role_can_do(self):
        self.session.take(START)
        ready = self.events.sent[0]["ready"]
        self.assertEqual((ready.peer, ready.max_calls), ("a-peer", 3))
        self.assertEqual(list(ready.features), ["client"])

    def test_the_contract_can_be_broken_by_orders(self):
        wrong = {
            "an order before start": [peer_pb2.ToPeer(stop=peer_pb2.Stop())],
            "start twice": [START, START],
            "another role": [
                peer_pb2.ToPeer(start=peer_pb2.Start(contract_version=1, role=peer_pb2.ROLE_SERVER))
            ],
            "an unknown order": [START, peer_pb2.ToPeer()],
        }
        for name, envelopes in wrong.items():
            with self.subTest(name), self.assertRaises(BrokenContract):
                self.setUp()
                for envelope in envelopes:
                    self.session.take(envelope)

    def test_another_version_makes_it_deaf(self):
        self.take(start=peer_pb2.Start(contract_version=9, role=peer_pb2.ROLE_CLIENT))
        self.take(call=peer_pb2.Call(call=1))
        self.assertEqual(self.events.sent[0]["ready"].contract_version, 1)
        self.assertEqual((len(self.events.sent), self.role.calls), (1, []))

    def test_stop_makes_it_deaf_and_dumb(self):
        self.session.take(START)
        self.take(call=peer_pb2.Call(call=1))
        self.take(stop=peer_pb2.Stop())
        self.take(call=peer_pb2.Call(call=2))
        self.assertEqual((self.role.calls, self.events.muted, self.stops), ([1], True, [1]))

    def test_what_is_refused_names_its_order(self):
        self.session.take(START)
        self.take(open=peer_pb2.Open(channel=5))
        self.take(close=peer_pb2.Close(channel=6))
        self.take(listen=peer_pb2.Listen(listener=7))
        opened, closed, listened = (event["refused"] for event in self.events.sent[1:])
        self.assertEqual((opened.channel, opened.unsupported.feature), (5, "uds"))
        self.assertEqual((closed.channel, closed.could_not_try.why), (6, "out of luck"))
        self.assertEqual((listened.listener, listened.unsupported.feature), (7, "server"))


if __name__ == "__main__":
    unittest.main()
