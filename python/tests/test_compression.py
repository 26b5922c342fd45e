"""What is compressed and what is not, read from the line, and whether the peers agree on it."""

import gzip
import socket
import sys
import unittest
import zlib

import line
from driver import LIMIT, PROGRAMS, PYTHON, Peer, peer_pb2
from orders import OK, SAY_HELLO, TCP, WORLD, message, receive, script, scripted
from pair import PairTest, for_each_pair

sys.path.insert(0, str(PYTHON / "peers"))

from wirecheck_peer import official

# Long enough to be shorter when it is compressed: a message that is not goes out as it is.
LONG = b"\x0a\xe8\x07" + b"x" * 1_000
APIS = (peer_pb2.API_IDIOMATIC, peer_pb2.API_STREAM)
UNARY, SERVER_STREAMING = peer_pb2.SHAPE_UNARY, peer_pb2.SHAPE_SERVER_STREAMING
DECODERS = {"gzip": gzip.decompress, "deflate": zlib.decompress}
TEST_SERVICE = "grpc.testing.TestService"
SIZE = 1_000  # Bytes of a payload.

testing = official.module("messages_pb2")


class LineTests(unittest.TestCase):
    def peers(self, role):
        for name in PROGRAMS:
            with self.subTest(peer=name):
                peer = Peer(name, role)
                self.addCleanup(peer.kill)
                peer.start()
                yield peer

    # ------------------------------------------------------------ clients

    def sent(self, client, number, request, **call):
        """The coding that a call announces, and the flag and bytes of its first message."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            host, port = listener.getsockname()
            options = peer_pb2.ChannelOptions(**call.pop("options"))
            target = f"{host}:{port}"
            client.order(open=peer_pb2.Open(channel=number, target=target, options=options))
            order = {
                "method": SAY_HELLO,
                "shape": UNARY,
                "request_type": "HelloRequest",
                "response_type": "HelloReply",
                "send": [message(request)],
            }
            client.order(call=peer_pb2.Call(call=number, channel=number, **{**order, **call}))
            listener.settimeout(LIMIT)
            connection, _ = listener.accept()
            connection.sendall(line.EMPTY_SETTINGS)
            other = line.Line(connection, line.PREFACE)
            self.addCleanup(other.close)
            headers = dict(other.headers())
            return headers.get("grpc-encoding"), *other.message()

    def test_requests(self):
        for client in self.peers("client"):
            number = 0
            for coding, decode in DECODERS.items():
                for api in APIS:
                    number += 1
                    options = {"compression": coding}
                    announced, flag, data = self.sent(
                        client, number, LONG, api=api, options=options
                    )
                    self.assertEqual((announced, flag, decode(data)), (coding, 1, LONG))

    def test_requests_without_a_coding(self):
        for client in self.peers("client"):
            announced, flag, data = self.sent(client, 1, LONG, options={})
            self.assertEqual((announced, flag, data), (None, 0, LONG))

    def test_a_request_that_would_grow(self):
        for client in self.peers("client"):
            announced, flag, data = self.sent(client, 1, WORLD, options={"compression": "gzip"})
            self.assertEqual((announced, flag, data), ("gzip", 0, WORLD))

    def test_a_client_has_no_switch_for_one_message(self):
        for client in self.peers("client"):
            client.order(open=peer_pb2.Open(channel=1, target="127.0.0.1:1"))
            client.await_event("opened")
            send = [message(LONG, uncompressed=True)]
            order = peer_pb2.Call(
                call=1, channel=1, method=SAY_HELLO, shape=UNARY,
                request_type="HelloRequest", response_type="HelloReply", send=send,
            )  # fmt: skip
            client.order(call=order)
            feature = client.await_event("report").unsupported.feature
            self.assertEqual(feature, "per-message-compression")

    # ------------------------------------------------------------ servers

    def answered(self, server, path, request, count=1, compression="gzip", **listen):
        """The coding that an answer announces, and the flags of its messages."""
        options = peer_pb2.ServerOptions(compression=compression or None)
        server.order(listen=peer_pb2.Listen(listener=1, transport=TCP, options=options, **listen))
        address = server.await_event("listening").address
        other = line.call(address, path, request)
        self.addCleanup(other.close)
        headers = dict(other.headers())
        flags = []
        for _ in range(count):
            flag, data = other.message()
            if flag:
                self.assertLess(len(DECODERS[headers["grpc-encoding"]](data)), 2 * SIZE)
            flags.append(flag)
        server.order(unlisten=peer_pb2.Unlisten(listener=1))
        server.await_event("unlistened")
        return headers.get("grpc-encoding"), flags

    def test_scripts(self):
        plain = message(LONG, uncompressed=True)
        cases = [
            (UNARY, [message(LONG)], [1]),
            (UNARY, [plain], [0]),
            (SERVER_STREAMING, [plain, message(LONG), plain, message(LONG)], [0, 1, 0, 1]),
        ]
        for server in self.peers("server"):
            for shape, send, flags in cases:
                scripts = [scripted(script(*send), shape=shape)]
                answer = self.answered(server, SAY_HELLO, WORLD, len(send), scripts=scripts)
                self.assertEqual(answer, ("gzip", flags))
            scripts = [scripted(script(message(LONG)))]
            answer = self.answered(server, SAY_HELLO, WORLD, compression=None, scripts=scripts)
            self.assertEqual(answer, (None, [0]))

    def test_the_test_service_does_what_a_request_wants(self):
        for server in self.peers("server"):
            for wish, flag in ((True, 1), (False, 0), (None, 0)):
                request = testing.SimpleRequest(response_size=SIZE)
                if wish is not None:
                    request.response_compressed.value = wish
                answer = self.ask_test_service(server, "UnaryCall", request)
                self.assertEqual(answer, ("gzip", [flag]))
            request = testing.StreamingOutputCallRequest()
            for wish in (True, False, None, True):
                parameters = request.response_parameters.add(size=SIZE)
                if wish is not None:
                    parameters.compressed.value = wish
            for method in ("StreamingOutputCall", "FullDuplexCall", "HalfDuplexCall"):
                answer = self.ask_test_service(server, method, request, 4)
                self.assertEqual(answer, ("gzip", [1, 0, 0, 1]))

    def test_the_test_service_without_a_coding(self):
        for server in self.peers("server"):
            request = testing.SimpleRequest(response_size=SIZE)
            request.response_compressed.value = True
            answer = self.ask_test_service(server, "UnaryCall", request, compression=None)
            self.assertEqual(answer, (None, [0]))

    def ask_test_service(self, server, method, request, count=1, compression="gzip"):
        path = f"/{TEST_SERVICE}/{method}"
        body = request.SerializeToString()
        return self.answered(server, path, body, count, compression, services=[TEST_SERVICE])

    # ------------------------------------------------------------ both

    def test_codings_that_grpcio_does_not_have(self):
        for field in ("compression", "accept_compression"):
            options = {field: "snappy"}
            for server in self.peers("server"):
                given = peer_pb2.ServerOptions(**options)
                server.order(listen=peer_pb2.Listen(listener=1, transport=TCP, options=given))
                feature = server.await_event("refused").unsupported.feature
                self.assertEqual(feature, f"option:{field}")
            for client in self.peers("client"):
                given = peer_pb2.ChannelOptions(**options)
                client.order(open=peer_pb2.Open(channel=1, target="127.0.0.1:1", options=given))
                feature = client.await_event("refused").unsupported.feature
                self.assertEqual(feature, f"option:{field}")


class CodingTests(PairTest):
    def test_both_sides_compress(self):
        for coding in DECODERS:
            options = {"compression": coding, "accept_compression": coding}
            listener, address = self.listen(
                scripted(script(message(LONG), receive=[receive()])),
                options=peer_pb2.ServerOptions(**options),
            )
            channel = self.open(address, **options)
            for api in APIS:
                result = self.result(self.call(channel, message(LONG), api=api))
                self.assertEqual((result.status, result.messages[0].head), (OK, LONG))
                self.assertEqual(self.handled(listener).messages[0].head, LONG)
                self.assertFalse(result.messages[0].HasField("compressed"))


def load_tests(
    loader: unittest.TestLoader, standard: unittest.TestSuite, pattern: str | None
) -> unittest.TestSuite:
    """What is read from the line for each peer, the rest for each pair."""
    suite = for_each_pair(loader, __name__, CodingTests)
    suite.addTests(loader.loadTestsFromTestCase(LineTests))
    return suite
