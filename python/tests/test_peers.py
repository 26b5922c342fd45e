"""Both Python peers against each other: calls, metadata and streams."""

import hashlib
import tempfile
import unittest
from pathlib import Path

from driver import peer_pb2
from google.protobuf import descriptor_pb2
from orders import (
    FAILED_PRECONDITION,
    GREETERS,
    HELLO_WORLD,
    INTERNAL,
    OK,
    RESOURCE_EXHAUSTED,
    SAY_HELLO,
    UNIMPLEMENTED,
    UNKNOWN,
    WORLD,
    after,
    await_headers,
    half_close,
    headers,
    message,
    metadata,
    raw,
    receive,
    released,
    script,
    scripted,
    status,
    with_key,
)
from pair import PairTest, for_each_pair


class UnaryTests(PairTest):
    def test_world(self):
        listener, channel = self.serve(services=GREETERS)
        result = self.result(self.call(channel))
        self.assertEqual((result.status, result.message, result.details), (OK, "", b""))
        self.assertEqual([seen.head for seen in result.messages], [HELLO_WORLD])
        self.assertEqual(result.messages[0].length, len(HELLO_WORLD))
        self.assertEqual(result.messages[0].sha256, hashlib.sha256(HELLO_WORLD).digest())
        self.assertEqual((result.message_count, result.merged, result.aborted), (1, False, False))
        self.assertEqual((result.stood_at_send, result.stood_at_receive), (1, 0))
        self.assertGreater(result.duration_ns, 0)
        began, handled = self.began(listener), self.handled(listener)
        self.assertEqual((began.number, began.method), (1, SAY_HELLO))
        self.assertEqual((handled.number, handled.method), (1, SAY_HELLO))
        self.assertEqual([seen.head for seen in handled.messages], [WORLD])
        self.assertEqual(handled.request_end, peer_pb2.REQUEST_END_HALF_CLOSED)
        self.assertEqual(handled.call_end, peer_pb2.CALL_END_RETURNED)
        self.assertEqual(self.unlisten(listener).still_running, 0)

    def test_the_stream_api_makes_the_same_call(self):
        _, channel = self.serve(services=GREETERS)
        result = self.result(self.call(channel, api=peer_pb2.API_STREAM))
        self.assertEqual((result.status, result.messages[0].head), (OK, HELLO_WORLD))

    def test_the_other_package_is_another_service(self):
        listener, channel = self.serve(services=["Greeter"])
        call = {"request_type": "helloworld.HelloRequest", "response_type": "helloworld.HelloReply"}
        for method in ("/helloworld.Greeter/SayHello", "/Greeter/SayGoodbye", "/Nobody/SayHello"):
            with self.subTest(method):
                result = self.result(self.call(channel, method=method, **call))
                self.assertEqual(result.status, UNIMPLEMENTED)
        self.unlisten(listener)
        self.assertEqual(self.events_of(listener), [])

    def test_raw_bytes_are_refused_by_the_codec_of_the_server(self):
        for name, data in {"invalid UTF-8": b"\x0a\x02\xc3\x28", "cut": WORLD[:-1]}.items():
            with self.subTest(name):
                listener, channel = self.serve(services=GREETERS)
                result = self.result(self.call(channel, raw(data)))
                self.assertIn(result.status, (INTERNAL, UNKNOWN))
                self.unlisten(listener)
                self.assertEqual(self.events_of(listener), [])

    def test_raw_bytes_are_refused_by_the_codec_of_the_client(self):
        _, channel = self.serve(scripted(script(raw(b"\x0a\x02\xc3\x28"))))
        result = self.result(self.call(channel))
        self.assertEqual(result.message_count, 1)
        self.assertIn("HelloReply", result.messages[0].codec_error)
        self.assertEqual(result.messages[0].head, b"")

    def test_a_message_is_encoded_by_the_codec_and_raw_bytes_are_not(self):
        # A repeated singular field: the codec keeps the last one and sends it once.
        for step, sent in ((message, 3), (raw, 6)):
            listener, channel = self.serve(
                scripted(script(message(HELLO_WORLD))),
                options=peer_pb2.ServerOptions(max_receive_message_size=sent - 1),
            )
            result = self.result(self.call(channel, step(b"\x0a\x01a\x0a\x01b")))
            self.assertEqual(result.status, RESOURCE_EXHAUSTED)
            self.unlisten(listener)

    def test_pieces_and_fills_make_one_payload(self):
        listener, channel = self.serve(services=GREETERS)
        size = 1 << 20
        fill = peer_pb2.Fill(byte=ord("x"), count=size)
        pieces = [peer_pb2.Piece(bytes=b"\x0a\x80\x80\x40"), peer_pb2.Piece(fill=fill)]
        step = peer_pb2.Step(message=peer_pb2.Payload(pieces=pieces))
        encoded = b"\x0a\x80\x80\x40" + b"x" * size
        self.assertEqual(self.result(self.call(channel, step, whole=True)).status, OK)
        seen = self.handled(listener).messages[0]
        self.assertEqual((seen.length, seen.head), (len(encoded), encoded[:4096]))
        self.assertEqual(seen.sha256, hashlib.sha256(encoded).digest())

    def test_whole_messages_only_if_asked(self):
        reply = b"\x0a\x88\x27" + b"y" * 5000
        _, channel = self.serve(scripted(script(message(reply))))
        for whole, head in ((True, reply), (False, reply[:4096])):
            seen = self.result(self.call(channel, whole=whole)).messages[0]
            self.assertEqual((seen.length, seen.head), (len(reply), head))

    def test_a_script_reports_whole_messages_only_if_asked(self):
        request = b"\x0a\x88\x27" + b"y" * 5000
        scripts = [script(message(b""), whole=True), script(message(b""))]
        listener, channel = self.serve(scripted(*scripts))
        for head in (request, request[:4096]):
            self.assertEqual(self.result(self.call(channel, message(request))).status, OK)
            self.assertEqual(self.handled(listener).messages[0].head, head)

    def test_a_hundred_calls_on_one_channel(self):
        listener, channel = self.serve(services=GREETERS)
        calls = [self.call(channel) for _ in range(100)]
        for call in calls:
            self.assertEqual(self.result(call).messages[0].head, HELLO_WORLD)
        numbers = [self.began(listener).number for _ in calls]
        self.assertEqual(numbers, list(range(1, 101)))

    def test_dynamic_messages(self):
        method, types = "/test.Counter/Next", {"request_type": "test.N", "response_type": "test.N"}
        described = descriptor_pb2.FileDescriptorSet()
        file = described.file.add(name="test.proto", package="test", syntax="proto3")
        file.message_type.add(name="N").field.add(name="n", number=1, type=5, label=1)
        types_of = {"descriptor_set": described.SerializeToString()}
        listener, channel = self.serve(
            scripted(script(message(b"\x08\x02")), method=method, **types), **types_of
        )
        call = self.call(channel, message(b"\x08\x01"), method=method, **types, **types_of)
        self.assertEqual(self.result(call).messages[0].head, b"\x08\x02")
        self.assertEqual(self.handled(listener).messages[0].head, b"\x08\x01")
        report = self.report(self.call(channel, request_type="test.N"))
        self.assertIn("test.N", report.could_not_try.why)

    def test_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "s")
            transport = peer_pb2.Transport(uds=peer_pb2.Uds(path=path))
            _, address = self.listen(services=GREETERS, transport=transport)
            self.assertEqual(address, path)
            self.assertEqual(Path(path).stat().st_mode & 0o077, 0)
            result = self.result(self.call(self.open(f"unix:{path}")))
            self.assertEqual((result.status, result.messages[0].head), (OK, HELLO_WORLD))


class MetadataTests(PairTest):
    def test_duplicates_and_bytes_travel_both_ways(self):
        sent = [("x-a", b"1"), ("x-b-bin", b"\0\xff\n"), ("x-a", b"2"), ("x-b-bin", b"")]
        trailing = {"trailing": metadata(*sent)}
        listener, channel = self.serve(
            scripted(script(headers(*sent), message(HELLO_WORLD), status(OK, "", **trailing)))
        )
        result = self.result(self.call(channel, metadata=metadata(*sent)))
        self.assertEqual((result.status, result.message_count), (OK, 1))
        for entries in (self.began(listener).metadata, result.leading, result.trailing):
            self.assertEqual(with_key(entries, "x-a"), [b"1", b"2"])
            self.assertEqual(with_key(entries, "x-b-bin"), [b"\0\xff\n", b""])

    def test_a_status_with_details(self):
        details = b"\x08\x09\x12\x02no"
        step = status(
            FAILED_PRECONDITION, "no: 不", details=details, trailing=metadata(("k", b"v"))
        )
        listener, channel = self.serve(scripted(script(step)))
        result = self.result(self.call(channel))
        self.assertEqual((result.status, result.message), (FAILED_PRECONDITION, "no: 不"))
        self.assertEqual((result.details, result.message_count), (details, 0))
        self.assertEqual(with_key(result.trailing, "k"), [b"v"])
        self.assertEqual(self.handled(listener).call_end, peer_pb2.CALL_END_RETURNED)

    def test_headers_come_before_the_call_ends(self):
        _, channel = self.serve(
            scripted(
                script(headers(("early", b"yes")), released("go"), message(HELLO_WORLD)),
                shape=peer_pb2.SHAPE_SERVER_STREAMING,
            )
        )
        call = self.call(
            channel,
            shape=peer_pb2.SHAPE_SERVER_STREAMING,
            receive=[await_headers(name="have headers"), receive()],
        )
        self.client.await_event("reached", call=call, step="have headers")
        self.release("go")
        result = self.result(call)
        self.assertEqual(with_key(result.leading, "early"), [b"yes"])
        self.assertEqual((result.status, result.message_count), (OK, 1))


class StreamTests(PairTest):
    def test_client_streaming(self):
        shape = {"shape": peer_pb2.SHAPE_CLIENT_STREAMING}
        replies = script(after("all"), message(HELLO_WORLD), receive=[receive(name="all")])
        listener, channel = self.serve(scripted(replies, **shape))
        for send in ([message(WORLD)] * 3, [message(WORLD), half_close()], []):
            with self.subTest(len(send)):
                result = self.result(self.call(channel, **shape, send=send))
                self.assertEqual((result.status, result.message_count), (OK, 1))
                handled = self.handled(listener)
                messages = sum(step.WhichOneof("kind") == "message" for step in send)
                self.assertEqual(handled.message_count, messages)
                self.assertEqual(handled.request_end, peer_pb2.REQUEST_END_HALF_CLOSED)
                self.assertEqual(result.stood_at_send, len(send))

    def test_server_streaming(self):
        shape = {"shape": peer_pb2.SHAPE_SERVER_STREAMING}
        replies = [message(b"\x0a\x01" + bytes([65 + n])) for n in range(5)]
        _, channel = self.serve(scripted(script(*replies, status(FAILED_PRECONDITION)), **shape))
        result = self.result(self.call(channel, **shape))
        self.assertEqual((result.status, result.message_count), (FAILED_PRECONDITION, 5))
        letters = b"".join(seen.head[-1:] for seen in result.messages)
        self.assertEqual(letters, b"ABCDE")

    def test_bidirectional_lanes_wait_for_each_other(self):
        shape = {"shape": peer_pb2.SHAPE_BIDIRECTIONAL}
        echo = script(
            after("first"), message(b""), after("second"), message(b""),
            receive=[receive(1, name="first"), receive(1, name="second"), receive()],
        )  # fmt: skip
        listener, channel = self.serve(scripted(echo, **shape))
        call = self.call(
            channel,
            message(WORLD, name="ping"),
            after("pong"),
            message(WORLD),
            half_close(name="closed"),
            receive=[receive(1, name="pong"), receive()],
            **shape,
        )
        result = self.result(call)
        self.assertEqual((result.status, result.message_count), (OK, 2))
        self.assertEqual((result.stood_at_send, result.stood_at_receive), (4, 2))
        for step in ("ping", "pong", "closed"):
            self.client.await_event("reached", call=call, step=step)
        self.assertEqual(self.handled(listener).message_count, 2)
        handler = peer_pb2.HandlerId(listener=listener, number=1)
        self.server.await_event("reached", handler=handler, step="second")

    def test_a_server_may_end_before_the_client(self):
        shape = {"shape": peer_pb2.SHAPE_BIDIRECTIONAL}
        early = script(released("go"), status(FAILED_PRECONDITION), receive=[receive(1)])
        listener, channel = self.serve(scripted(early, **shape))
        call = self.call(
            channel, message(WORLD), released("never", name="waits"), half_close(), **shape
        )
        self.client.await_event("reached", call=call, step="waits")
        self.release("go")
        result = self.result(call)
        self.assertEqual((result.status, result.stood_at_send), (FAILED_PRECONDITION, 2))
        self.assertEqual(self.handled(listener).request_end, peer_pb2.REQUEST_END_UNREAD)

    def test_more_than_a_thousand_messages(self):
        shape = {"shape": peer_pb2.SHAPE_BIDIRECTIONAL}
        replies = script(*[message(b"")] * 1_100, receive=[receive()])
        listener, channel = self.serve(scripted(replies, **shape))
        result = self.result(self.call(channel, *[message(WORLD)] * 1_100, **shape))
        for seen in (result, self.handled(listener)):
            self.assertEqual((seen.message_count, len(seen.messages)), (1_100, 1_000))

    def test_a_codec_error_in_a_stream(self):
        shape = {"shape": peer_pb2.SHAPE_CLIENT_STREAMING}
        listener, channel = self.serve(scripted(script(message(b""), receive=[receive()]), **shape))
        result = self.result(self.call(channel, message(WORLD), raw(WORLD[:-1]), **shape))
        self.assertIn(result.status, (INTERNAL, UNKNOWN))
        handled = self.handled(listener)
        # Sync grpcio ends the stream for the handler as if nothing had happened.
        sync = self.server_name == "python-grpcio"
        end = peer_pb2.REQUEST_END_HALF_CLOSED if sync else peer_pb2.REQUEST_END_ERROR
        self.assertEqual(handled.request_end, end)
        self.assertEqual(handled.messages[0].head, WORLD)
        self.assertIn("HelloRequest", handled.messages[1].codec_error)

    def test_the_nth_call_takes_the_nth_script(self):
        listener, channel = self.serve(scripted(script(status(5)), script(status(6))))
        statuses = [self.result(self.call(channel)).status for _ in range(3)]
        self.assertEqual(statuses, [5, 6, 6])
        self.assertEqual([self.began(listener).number for _ in range(3)], [1, 2, 3])


def load_tests(
    loader: unittest.TestLoader, standard: unittest.TestSuite, pattern: str | None
) -> unittest.TestSuite:
    """All tests for each pair of the Python peers."""
    return for_each_pair(loader, __name__, UnaryTests, MetadataTests, StreamTests)
