"""Both Python peers against each other, through every kind of order."""

import hashlib
import itertools
import os
import signal
import tempfile
import unittest
from pathlib import Path

from driver import PROGRAMS, peer_pb2
from google.protobuf import descriptor_pb2
from orders import (
    HELLO_WORLD,
    SAY_HELLO,
    WORLD,
    after,
    await_headers,
    cancel,
    half_close,
    headers,
    message,
    metadata,
    panic,
    raw,
    receive,
    released,
    script,
    scripted,
    status,
    with_key,
)
from pair import PairTest

GREETERS = ["Greeter", "helloworld.Greeter"]
OK, CANCELLED, UNKNOWN, DEADLINE_EXCEEDED = 0, 1, 2, 4
RESOURCE_EXHAUSTED, FAILED_PRECONDITION, UNIMPLEMENTED, INTERNAL, UNAVAILABLE = 8, 9, 12, 13, 14


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


class EndTests(PairTest):
    HELD = script(released("go"), message(HELLO_WORLD))

    def test_a_deadline_passes_in_the_handler(self):
        listener, channel = self.serve(scripted(self.HELD))
        result = self.result(self.call(channel, timeout_ns=200_000_000))
        self.assertEqual(result.status, DEADLINE_EXCEEDED)
        # Which of the two timers the handler hears of first is a race.
        ends = (peer_pb2.CALL_END_DEADLINE, peer_pb2.CALL_END_CANCELLED)
        self.assertIn(self.handled(listener).call_end, ends)

    def test_a_deadline_passes_on_the_server_first(self):
        listener, channel = self.serve(scripted(self.HELD))
        call = self.call(channel, timeout_ns=300_000_000)
        self.began(listener)
        # A client that is stopped cannot cancel, so only the server's own timer is left.
        os.kill(self.client.process.pid, signal.SIGSTOP)
        try:
            handled = self.handled(listener)
        finally:
            os.kill(self.client.process.pid, signal.SIGCONT)
        self.assertEqual(handled.call_end, peer_pb2.CALL_END_DEADLINE)
        self.assertEqual(self.result(call).status, DEADLINE_EXCEEDED)

    def test_a_client_cancels_after_the_handler_began(self):
        listener, channel = self.serve(scripted(self.HELD))
        call = self.call(channel, receive=[released("began", name="waits"), cancel()])
        self.client.await_event("reached", call=call, step="waits")
        self.began(listener)
        self.release("began")
        result = self.result(call)
        self.assertEqual((result.status, result.aborted), (CANCELLED, False))
        self.assertEqual(result.stood_at_receive, 2)
        handled = self.handled(listener)
        self.assertEqual(handled.call_end, peer_pb2.CALL_END_CANCELLED)
        self.assertEqual(handled.request_end, peer_pb2.REQUEST_END_HALF_CLOSED)

    def test_a_client_cancels_a_stream_from_its_send_lane(self):
        shape = {"shape": peer_pb2.SHAPE_BIDIRECTIONAL}
        listener, channel = self.serve(scripted(script(receive=[receive()]), **shape))
        send = [message(WORLD), released("go"), cancel(), half_close()]
        call = self.call(channel, *send, **shape)
        self.began(listener)
        self.release("go")
        self.assertEqual(self.result(call).status, CANCELLED)
        # A cancelled stream looks like its end to grpcio's handlers, now and then or always.
        self.assertNotEqual(self.handled(listener).request_end, peer_pb2.REQUEST_END_ERROR)

    def test_a_handler_throws(self):
        listener, channel = self.serve(scripted(script(panic("by order"))))
        result = self.result(self.call(channel))
        self.assertEqual(result.status, UNKNOWN)
        self.assertIn("by order", result.message)
        self.assertEqual(self.handled(listener).call_end, peer_pb2.CALL_END_PANICKED)

    def test_a_call_is_aborted(self):
        listener, channel = self.serve(scripted(self.HELD))
        call = self.call(channel)
        self.began(listener)
        self.client.order(abort=peer_pb2.Abort(call=call))
        result = self.result(call)
        self.assertEqual((result.status, result.aborted), (CANCELLED, True))
        self.assertEqual((result.stood_at_send, result.stood_at_receive), (1, 0))
        self.handled(listener)

    def test_a_call_is_aborted_before_it_began(self):
        listener, channel = self.serve(services=GREETERS)
        call = self.call(channel, released("never", name="waits"), message(WORLD))
        self.client.await_event("reached", call=call, step="waits")
        self.client.order(abort=peer_pb2.Abort(call=call))
        result = self.result(call)
        self.assertEqual((result.status, result.aborted), (CANCELLED, True))
        self.assertEqual(result.stood_at_send, 1)
        self.unlisten(listener)
        self.assertEqual(self.events_of(listener), [])

    def test_everything_on_a_listener_is_aborted(self):
        listener, channel = self.serve(scripted(self.HELD))
        calls = [self.call(channel) for _ in range(3)]
        for _ in calls:
            self.began(listener)
        self.server.order(abort=peer_pb2.Abort(listener=listener))
        for call in calls:
            self.assertNotEqual(self.result(call).status, OK)
            self.assertEqual(self.handled(listener).call_end, peer_pb2.CALL_END_CANCELLED)

    def test_unlisten_ends_handlers_and_comes_last(self):
        shapes = (peer_pb2.SHAPE_UNARY, peer_pb2.SHAPE_BIDIRECTIONAL)
        scripts = [scripted(self.HELD, method=f"/Held/{shape}", shape=shape) for shape in shapes]
        listener, channel = self.serve(*scripts)
        calls = [
            self.call(channel, method=f"/Held/{shape}", shape=shape)
            for shape in shapes
            for _ in range(5)
        ]
        for _ in calls:
            self.began(listener)
        self.assertEqual(self.unlisten(listener).still_running, 0)
        for _ in calls:
            handled = self.handled(listener)
            self.assertEqual(handled.call_end, peer_pb2.CALL_END_CANCELLED)
        self.assertEqual(self.events_of(listener), [])
        for call in calls:
            self.assertIn(self.result(call).status, (CANCELLED, UNAVAILABLE))

    def test_shutdown_with_a_grace_time_lets_calls_end(self):
        listener, channel = self.serve(scripted(self.HELD))
        call = self.call(channel)
        self.began(listener)
        self.server.order(shutdown=peer_pb2.Shutdown(listener=listener, grace_ms=60_000))
        self.release("go")
        self.assertEqual(self.result(call).messages[0].head, HELLO_WORLD)
        self.server.await_event("shut_down", listener=listener)
        self.assertEqual(self.handled(listener).call_end, peer_pb2.CALL_END_RETURNED)
        self.assertEqual(self.unlisten(listener).still_running, 0)

    def test_shutdown_without_one_does_not(self):
        listener, channel = self.serve(scripted(self.HELD))
        call = self.call(channel)
        self.began(listener)
        self.server.order(shutdown=peer_pb2.Shutdown(listener=listener))
        self.server.await_event("shut_down", listener=listener)
        self.assertIn(self.result(call).status, (CANCELLED, UNAVAILABLE))
        self.assertEqual(self.handled(listener).call_end, peer_pb2.CALL_END_CANCELLED)
        self.unlisten(listener)

    def test_a_closed_channel_takes_no_more_calls(self):
        _, channel = self.serve(services=GREETERS)
        self.assertEqual(self.result(self.call(channel)).status, OK)
        self.client.order(close=peer_pb2.Close(channel=channel))
        self.client.await_event("closed", channel=channel)
        self.assertIn(str(channel), self.report(self.call(channel)).could_not_try.why)

    def test_nobody_answers(self):
        listener, channel = self.serve(services=GREETERS)
        self.unlisten(listener)
        self.assertEqual(self.result(self.call(channel)).status, UNAVAILABLE)


class RefusalTests(PairTest):
    UNHEARD_OF = "feature-that-nobody-has"

    def test_unknown_features_of_listeners(self):
        listener, _ = self.serve(services=GREETERS)
        for order in (
            {"listen": peer_pb2.Listen(listener=901, requires=[self.UNHEARD_OF])},
            {"shutdown": peer_pb2.Shutdown(listener=listener, requires=[self.UNHEARD_OF])},
        ):
            self.server.order(**order)
            refused = self.server.await_event("refused")
            self.assertEqual(refused.WhichOneof("order"), "listener")
            self.assertEqual(refused.unsupported.feature, self.UNHEARD_OF)

    def test_unknown_features_of_channels_and_calls(self):
        self.client.order(open=peer_pb2.Open(channel=902, requires=["option:tls", self.UNHEARD_OF]))
        self.assertEqual(self.client.await_event("refused").unsupported.feature, "option:tls")
        listener, channel = self.serve(services=GREETERS)
        for call in (
            self.call(channel, requires=["client", self.UNHEARD_OF]),
            self.call(channel, message(WORLD, requires=[self.UNHEARD_OF])),
            self.call(channel, receive=[receive(requires=[self.UNHEARD_OF])]),
        ):
            self.assertEqual(self.report(call).unsupported.feature, self.UNHEARD_OF)
        self.unlisten(listener)
        self.assertEqual(self.events_of(listener), [])

    def test_unknown_features_of_scripts(self):
        for steps in ({"send": [message(b"", requires=[self.UNHEARD_OF])]},):
            given = scripted(peer_pb2.Script(**steps))
            self.server.order(listen=peer_pb2.Listen(listener=903, scripts=[given]))
            refused = self.server.await_event("refused", listener=903)
            self.assertEqual(refused.unsupported.feature, self.UNHEARD_OF)

    def test_what_grpcio_cannot_do(self):
        reset = peer_pb2.Step(reset=peer_pb2.Reset(error_code=8))
        listen = {
            "reset": {"scripts": [scripted(script(reset))]},
            "service:Nobody": {"services": ["Nobody"]},
            "option:initial_connection_window": {
                "options": peer_pb2.ServerOptions(initial_connection_window=1 << 20)
            },
        }
        for feature, order in listen.items():
            self.server.order(listen=peer_pb2.Listen(listener=904, **order))
            self.assertEqual(self.server.await_event("refused").unsupported.feature, feature)
        options = peer_pb2.ChannelOptions(initial_connection_window=1 << 20)
        self.client.order(open=peer_pb2.Open(channel=905, options=options))
        self.assertEqual(
            self.client.await_event("refused").unsupported.feature,
            "option:initial_connection_window",
        )

    def test_orders_of_the_other_role(self):
        self.client.order(listen=peer_pb2.Listen(listener=906))
        self.assertEqual(self.client.await_event("refused").unsupported.feature, "server")
        self.server.order(open=peer_pb2.Open(channel=907))
        self.assertEqual(self.server.await_event("refused").unsupported.feature, "client")
        self.server.order(call=peer_pb2.Call(call=908))
        self.assertEqual(self.server.await_event("report").unsupported.feature, "client")

    def test_orders_that_cannot_be_tried(self):
        self.server.order(unlisten=peer_pb2.Unlisten(listener=909))
        self.assertIn("909", self.server.await_event("refused").could_not_try.why)
        _, channel = self.serve(services=GREETERS)
        for call in (
            self.call(channel, message(WORLD), message(WORLD)),
            self.call(channel, message(WORLD[:-1])),
            self.call(channel, headers()),
            self.call(channel, shape=peer_pb2.SHAPE_UNSPECIFIED),
            self.call(910),
        ):
            self.assertNotEqual(self.report(call).could_not_try.why, "")

    def test_a_path_has_a_service_or_scripts(self):
        self.server.order(
            listen=peer_pb2.Listen(
                listener=911, services=["Greeter"], scripts=[scripted(script(message(b"")))]
            )
        )
        self.assertIn(SAY_HELLO, self.server.await_event("refused").could_not_try.why)


def load_tests(
    loader: unittest.TestLoader, standard: unittest.TestSuite, pattern: str | None
) -> unittest.TestSuite:
    """All tests for each pair of the Python peers, in one class per pair, with two processes."""
    suite = unittest.TestSuite()
    groups = tuple(PairTest.__subclasses__())
    for client, server in itertools.product(PROGRAMS, repeat=2):
        names = {"client_name": client, "server_name": server, "__module__": __name__}
        pair = type(f"{client}/{server}", groups, names)
        suite.addTests(loader.loadTestsFromTestCase(pair))
    return suite
