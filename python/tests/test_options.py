"""What is set is honoured: read from the line where it shows there."""

import socket
import unittest

from driver import LIMIT, PROGRAMS, Peer, peer_pb2
from line import (
    EMPTY_SETTINGS,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    MAX_CONCURRENT_STREAMS,
    MAX_HEADER_LIST_SIZE,
    PREFACE,
    Line,
)
from orders import SAY_HELLO, TCP, WORLD, message, metadata


class OptionTests(unittest.TestCase):
    def peer(self, name, role):
        peer = Peer(name, role)
        self.addCleanup(peer.kill)
        peer.start()
        return peer

    def test_settings_of_a_listener(self):
        options = peer_pb2.ServerOptions(
            max_concurrent_streams=7, max_header_list_size=9_999, initial_stream_window=123_456
        )
        for name in PROGRAMS:
            server = self.peer(name, "server")
            server.order(listen=peer_pb2.Listen(listener=1, transport=TCP, options=options))
            host, port = server.await_event("listening").address.split(":")
            connection = socket.create_connection((host, int(port)), LIMIT)
            connection.sendall(PREFACE + EMPTY_SETTINGS)
            line = Line(connection)
            self.addCleanup(line.close)
            settings = line.settings()
            self.assertEqual(settings[MAX_CONCURRENT_STREAMS], 7)
            self.assertEqual(settings[MAX_HEADER_LIST_SIZE], 9_999)
            self.assertEqual(settings[INITIAL_WINDOW_SIZE], 123_456)

    def test_settings_and_headers_of_a_channel(self):
        options = peer_pb2.ChannelOptions(
            max_header_list_size=8_888,
            initial_stream_window=234_567,
            authority="example.test:99",
            user_agent="mine/1",
        )
        for name in PROGRAMS:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                client = self.peer(name, "client")
                self.open(client, 1, listener, options)
                self.call(client, 1)
                line = self.accept(listener)
                settings = line.settings()
                self.assertEqual(settings[MAX_HEADER_LIST_SIZE], 8_888)
                self.assertEqual(settings[INITIAL_WINDOW_SIZE], 234_567)
                headers = line.headers()
                self.assertIn((":authority", "example.test:99"), headers)
                self.assertIn((":path", SAY_HELLO), headers)
                self.assertTrue(dict(headers)["user-agent"].startswith("mine/1 grpc-python"))
                self.assertEqual([value for key, value in headers if key == "k"], ["1", "2"])

    def test_a_channel_connects_late_and_alone(self):
        for name in PROGRAMS:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                client = self.peer(name, "client")
                for channel in (1, 2):
                    self.open(client, channel, listener, peer_pb2.ChannelOptions())
                for channel in (2, 1):
                    self.call(client, channel)
                    # Settings without a limit on streams: a call that shared the connection
                    # would begin on it, and `accept` would wait in vain.
                    self.accept(listener).payload(HEADERS)
                listener.settimeout(0)
                self.assertRaises(BlockingIOError, listener.accept)

    def test_limits_of_messages(self):
        # Encoded, `World` has 7 bytes and its greeting 14.
        cases = [
            ({"max_receive_message_size": 7}, {}, 0),
            ({"max_receive_message_size": 6}, {}, 8),
            ({"max_send_message_size": 13}, {}, 8),
            ({}, {"max_receive_message_size": 14}, 0),
            ({}, {"max_receive_message_size": 13}, 8),
            ({}, {"max_send_message_size": 6}, 8),
            ({"max_receive_message_size": 2**32 - 1}, {"max_send_message_size": 2**32 - 1}, 0),
        ]
        for name in PROGRAMS:
            server, client = self.peer(name, "server"), self.peer(name, "client")
            for number, (of_server, of_channel, status) in enumerate(cases, 1):
                with self.subTest(peer=name, server=of_server, channel=of_channel):
                    address = self.listen(server, number, peer_pb2.ServerOptions(**of_server))
                    options = peer_pb2.ChannelOptions(**of_channel)
                    client.order(
                        open=peer_pb2.Open(channel=number, target=address, options=options)
                    )
                    self.call(client, number)
                    result = client.await_event("report").result
                    self.assertEqual(result.status, status, result.message)

    def test_the_rest_is_accepted(self):
        milliseconds = {"keepalive_interval_ms": 60_000, "keepalive_timeout_ms": 20_000}
        of_server = peer_pb2.ServerOptions(
            min_ping_interval_ms=1_000,
            max_connection_age_ms=60_000,
            max_connection_age_grace_ms=1_000,
            **milliseconds,
        )
        of_channel = peer_pb2.ChannelOptions(keepalive_without_calls=True, **milliseconds)
        for name in PROGRAMS:
            server, client = self.peer(name, "server"), self.peer(name, "client")
            address = self.listen(server, 1, of_server)
            client.order(open=peer_pb2.Open(channel=1, target=address, options=of_channel))
            self.call(client, 1)
            self.assertEqual(client.await_event("report").result.status, 0)

    def listen(self, server, number, options):
        server.order(
            listen=peer_pb2.Listen(
                listener=number, transport=TCP, services=["Greeter"], options=options
            )
        )
        return server.await_event("listening", listener=number).address

    def open(self, client, channel, listener, options):
        host, port = listener.getsockname()
        order = peer_pb2.Open(channel=channel, target=f"{host}:{port}", options=options)
        client.order(open=order)
        client.await_event("opened", channel=channel)

    def call(self, client, channel):
        client.order(
            call=peer_pb2.Call(
                call=channel,
                channel=channel,
                method=SAY_HELLO,
                shape=peer_pb2.SHAPE_UNARY,
                request_type="HelloRequest",
                response_type="HelloReply",
                metadata=metadata(("k", b"1"), ("k", b"2")),
                send=[message(WORLD)],
            )
        )

    def accept(self, listener):
        listener.settimeout(LIMIT)
        connection, _ = listener.accept()
        connection.sendall(EMPTY_SETTINGS)
        line = Line(connection, PREFACE)
        self.addCleanup(line.close)
        return line


if __name__ == "__main__":
    unittest.main()
