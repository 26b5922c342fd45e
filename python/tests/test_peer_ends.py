"""Both Python peers against each other: how calls end, and what is refused."""

import unittest

from driver import peer_pb2
from held_line import HeldLine
from orders import (
    CANCELLED,
    DEADLINE_EXCEEDED,
    GREETERS,
    HELLO_WORLD,
    INTERNAL,
    OK,
    SAY_HELLO,
    UNAVAILABLE,
    UNKNOWN,
    WORLD,
    cancel,
    half_close,
    headers,
    message,
    panic,
    receive,
    released,
    script,
    scripted,
)
from pair import PairTest, for_each_pair


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
        listener, address = self.listen(scripted(self.HELD))
        line = HeldLine(address)
        self.addCleanup(line.close)
        call = self.call(self.open(line.address), timeout_ns=1_000_000_000)
        self.began(listener)
        # Nobody hears the client cancel, so only the server's own timer is left.
        line.hold()
        self.assertEqual(self.handled(listener).call_end, peer_pb2.CALL_END_DEADLINE)
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
            # The last is what grpc.aio makes of a write that the end of its call overtakes.
            result = self.result(call)
            self.assertIn(result.status, (CANCELLED, UNAVAILABLE, INTERNAL), result)

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
    """All tests for each pair of the Python peers."""
    return for_each_pair(loader, __name__, EndTests, RefusalTests)
