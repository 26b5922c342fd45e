"""How a peer begins and ends, and what it does with those who break the contract."""

import signal
import unittest

from driver import PROGRAMS, Peer, frame, peer_pb2
from orders import SAY_HELLO, TCP, WORLD, message, released, script, scripted

BROKEN = 70
START = {
    role: frame(
        start=peer_pb2.Start(contract_version=1, role=getattr(peer_pb2, f"ROLE_{role.upper()}"))
    )
    for role in ("client", "server")
}


class LifeTests(unittest.TestCase):
    def peers(self):
        """Each peer in each role, ended after the test."""
        for name in PROGRAMS:
            for role in ("client", "server"):
                with self.subTest(peer=name, role=role):
                    yield self.peer(name, role)

    def peer(self, name, role):
        peer = Peer(name, role)
        self.addCleanup(peer.kill)
        return peer

    def test_ready(self):
        for peer in self.peers():
            ready = peer.start()
            self.assertEqual((ready.contract_version, ready.peer), (1, peer.name))
            self.assertEqual(
                list(ready.features[:6]), [peer.role, "tcp", "uds", "ipv6", "tls", "mtls"]
            )
            self.assertIn("compression:gzip", ready.features)
            # grpcio tells neither handlers nor callers.
            self.assertNotIn("sees-compressed-flag", ready.features)
            versions = {version.name: version.version for version in ready.versions}
            self.assertEqual(versions["protobuf-runtime"], "upb")
            self.assertLessEqual({"python", "grpcio", "protobuf"}, versions.keys())
            if peer.role == "server":
                needed = {"scripts", "service:Greeter", "per-message-compression"}
                self.assertLessEqual(needed, set(ready.features))
                self.assertGreaterEqual(min(ready.max_handlers, ready.max_listeners), 64)
            else:
                needed = {"api-idiomatic", "api-stream", "call-credentials"}
                self.assertLessEqual(needed, set(ready.features))
                self.assertNotIn("per-message-compression", ready.features)
                self.assertGreaterEqual(ready.max_calls, 100)
            self.assertEqual(peer.end(), (0, ""))

    def test_another_version_is_answered_and_nothing_else(self):
        for peer in self.peers():
            role = getattr(peer_pb2, f"ROLE_{peer.role.upper()}")
            peer.order(start=peer_pb2.Start(contract_version=2, role=role))
            self.assertEqual(peer.await_event("ready").contract_version, 1)
            peer.order(unlisten=peer_pb2.Unlisten(listener=1))
            peer.end_stdin()
            self.assertRaises(EOFError, peer.await_event, "refused")
            self.assertEqual(peer.await_exit(), (0, ""))

    def test_stop_silences_the_peer_and_the_end_of_stdin_ends_it(self):
        for peer in self.peers():
            peer.start()
            peer.order(stop=peer_pb2.Stop())
            peer.order(open=peer_pb2.Open(channel=1))
            peer.end_stdin()
            self.assertRaises(EOFError, peer.await_event, "refused")
            self.assertEqual(peer.await_exit(), (0, ""))

    def test_a_signal_ends_it(self):
        for peer in self.peers():
            peer.start()
            peer.process.send_signal(signal.SIGTERM)
            self.assertEqual(peer.await_exit(), (0, ""))

    def test_it_ends_in_the_middle_of_calls(self):
        for name in PROGRAMS:
            server, client = self.peer(name, "server"), self.peer(name, "client")
            self.begin_a_call(server, client)
            self.assertEqual(client.end()[0], 0)
            self.assertEqual(server.end()[0], 0)

    def begin_a_call(self, server, client):
        """Begins a call that never ends."""
        server.start()
        client.start()
        held = scripted(script(released("never"), message(b"")))
        server.order(listen=peer_pb2.Listen(listener=1, transport=TCP, scripts=[held]))
        address = server.await_event("listening").address
        client.order(open=peer_pb2.Open(channel=1, target=address))
        call = peer_pb2.Call(
            call=1,
            channel=1,
            method=SAY_HELLO,
            shape=peer_pb2.SHAPE_UNARY,
            request_type="HelloRequest",
            response_type="HelloReply",
            send=[message(WORLD)],
            receive=[released("never")],
        )
        client.order(call=call)
        server.await_event("began")

    def test_a_broken_contract_ends_it(self):
        # All other ways to break it are in the tests of frames and of sessions.
        for peer in self.peers():
            peer.write(b"Hello, World\n")
            status, log = peer.await_exit()
            self.assertEqual(status, BROKEN)
            self.assertIn("broken contract", log)

    def test_a_frame_that_stays_half_read_ends_it(self):
        # The only test that takes its time: five seconds by the contract, for all at once.
        peers = list(self.peers())
        for peer in peers:
            peer.write(START[peer.role][:-1])
        for peer in peers:
            status, log = peer.await_exit()
            self.assertEqual(status, BROKEN)
            self.assertIn("half-read", log)

    def test_stdin_that_ends_inside_a_frame_is_a_broken_contract(self):
        for peer in self.peers():
            peer.write(START[peer.role][:-1])
            status, log = peer.end()
            self.assertEqual(status, BROKEN)
            self.assertIn("inside a frame", log)

    def test_a_wrong_command_line(self):
        for name in PROGRAMS:
            peer = self.peer(name, "neither")
            status, log = peer.await_exit()
            self.assertEqual(status, 2)
            self.assertIn("client|server", log)


if __name__ == "__main__":
    unittest.main()
