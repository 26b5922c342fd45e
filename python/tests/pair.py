"""A client and a server peer, and the orders that nearly every test gives to both."""

import itertools
import unittest
from typing import Any, ClassVar

from driver import PROGRAMS, Peer, peer_pb2
from orders import SAY_HELLO, TCP, WORLD, message

# Never used again within a process, as the contract demands.
_numbers = itertools.count(1)


class PairTest(unittest.TestCase):
    """Tests of one pair; its subclasses say which. The two processes serve all its tests."""

    client_name: ClassVar[str]
    server_name: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.client, cls.server = Peer(cls.client_name, "client"), Peer(cls.server_name, "server")
        cls.addClassCleanup(cls.client.kill)
        cls.addClassCleanup(cls.server.kill)
        cls.client.start()
        cls.server.start()

    def setUp(self) -> None:
        self.scope = f"scope {next(_numbers)}"

    def listen(self, *scripts: peer_pb2.MethodScripts, **listen: Any) -> tuple[int, str]:
        """Opens a listener; gives its number and address."""
        number = next(_numbers)
        listen.setdefault("transport", TCP)
        self.server.order(
            listen=peer_pb2.Listen(listener=number, scripts=scripts, scope=self.scope, **listen)
        )
        return number, self.server.await_event("listening", listener=number).address

    def open(self, address: str, tls: peer_pb2.ClientTls | None = None, **options: Any) -> int:
        """Makes a channel."""
        number = next(_numbers)
        given = peer_pb2.ChannelOptions(**options)
        order = peer_pb2.Open(channel=number, target=address, options=given, tls=tls)
        self.client.order(open=order)
        self.client.await_event("opened", channel=number)
        return number

    def serve(self, *scripts: peer_pb2.MethodScripts, **listen: Any) -> tuple[int, int]:
        """A listener and a channel to it."""
        listener, address = self.listen(*scripts, **listen)
        return listener, self.open(address)

    def call(self, channel: int, *send: peer_pb2.Step, **call: Any) -> int:
        """Begins a call, by default of the greeter with `World`."""
        number = next(_numbers)
        order = {
            "method": SAY_HELLO,
            "shape": peer_pb2.SHAPE_UNARY,
            "request_type": "HelloRequest",
            "response_type": "HelloReply",
            "scope": self.scope,
            "send": send or [message(WORLD)],
        }
        self.client.order(call=peer_pb2.Call(call=number, channel=channel, **{**order, **call}))
        return number

    def report(self, call: int) -> peer_pb2.Report:
        """What came of a call."""
        return self.client.await_event("report", call=call)

    def result(self, call: int) -> peer_pb2.Result:
        """The result of a call that could be tried."""
        report = self.report(call)
        self.assertEqual(report.WhichOneof("outcome"), "result", report)
        return report.result

    def release(self, *names: str) -> None:
        """Opens latches on both sides."""
        for name in names:
            for peer in (self.client, self.server):
                peer.order(release=peer_pb2.Release(scope=self.scope, name=name))

    def unlisten(self, listener: int) -> peer_pb2.Unlistened:
        """Ends a listener."""
        self.server.order(unlisten=peer_pb2.Unlisten(listener=listener))
        return self.server.await_event("unlistened", listener=listener)

    def began(self, listener: int) -> peer_pb2.Began:
        """The next entry of a handler."""
        return self.server.await_event("began", listener=listener)

    def handled(self, listener: int) -> peer_pb2.Handled:
        """The next end of a handler."""
        return self.server.await_event("handled", listener=listener)

    def events_of(self, listener: int) -> list[str]:
        """What else has come from a listener that nobody asked for yet."""
        kinds = []
        for envelope in self.server.events:
            kind = envelope.WhichOneof("event")
            event = getattr(envelope, kind)
            number = event.handler.listener if kind == "reached" else event.listener
            kinds += [kind] if number == listener else []
        return kinds


def for_each_pair(
    loader: unittest.TestLoader, module: str, *groups: type[PairTest]
) -> unittest.TestSuite:
    """All groups for each pair of peers, in one class per pair, so that it has two processes."""
    suite = unittest.TestSuite()
    for client, server in itertools.product(PROGRAMS, repeat=2):
        names = {"client_name": client, "server_name": server, "__module__": module}
        suite.addTests(loader.loadTestsFromTestCase(type(f"{client}/{server}", groups, names)))
    return suite
