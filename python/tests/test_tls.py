"""Both Python peers against each other: TLS, mutual TLS, IPv6 and tokens."""

import socket
import ssl
import tempfile
import unittest
from pathlib import Path

from certificates import SERVER_NAME, Pair, certificates, needs_openssl
from driver import LIMIT, peer_pb2
from orders import (
    GREETERS,
    HELLO_WORLD,
    OK,
    TCP,
    UNAUTHENTICATED,
    UNAVAILABLE,
    with_key,
)
from pair import PairTest, for_each_pair

APIS = (peer_pb2.API_IDIOMATIC, peer_pb2.API_STREAM)
SECOND = 1_000_000_000  # Nanoseconds.
IPV6 = peer_pb2.Transport(tcp=peer_pb2.Tcp(ipv6=True))
NO_PAIR = Pair(b"", b"")


def server_tls(pair: Pair, client_ca: bytes = b"") -> peer_pb2.ServerTls:
    """What a server proves itself with."""
    return peer_pb2.ServerTls(
        certificate_chain=pair.certificate, private_key=pair.key, client_ca=client_ca
    )


def client_tls(ca: bytes, pair: Pair = NO_PAIR, name: str = SERVER_NAME) -> peer_pb2.ClientTls:
    """What a client trusts and shows."""
    return peer_pb2.ClientTls(
        ca=ca, certificate_chain=pair.certificate, private_key=pair.key, server_name=name
    )


def has_ipv6() -> bool:
    """Whether this machine has ::1."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


class Ipv6Tests(PairTest):
    @unittest.skipUnless(has_ipv6(), "this machine has no ::1")
    def test_ipv6(self):
        _, address = self.listen(services=GREETERS, transport=IPV6)
        self.assertRegex(address, r"^\[::1\]:[1-9]\d*$")
        result = self.result(self.call(self.open(address)))
        self.assertEqual((result.status, result.messages[0].head), (OK, HELLO_WORLD))


@needs_openssl
class TlsTests(PairTest):
    def listen_tls(self, client_ca=b"", pair=None, **listen):
        tls = server_tls(pair or certificates().server, client_ca)
        return self.listen(services=GREETERS, tls=tls, **listen)

    def assert_answered(self, address, tls, **call):
        channel = self.open(address, tls)
        for api in APIS:
            result = self.result(self.call(channel, api=api, **call))
            self.assertEqual((result.status, result.message), (OK, ""))
            self.assertEqual(result.messages[0].head, HELLO_WORLD)

    def assert_unavailable(self, listener, address, tls):
        """No call gets through, none waits for its deadline, and no handler hears of them."""
        channel = self.open(address, tls)
        for api in APIS:
            result = self.result(self.call(channel, api=api, timeout_ns=int(LIMIT) * SECOND))
            self.assertEqual((result.status, result.message_count), (UNAVAILABLE, 0))
        self.unlisten(listener)
        self.assertEqual(self.events_of(listener), [])

    def test_a_server_that_proves_itself(self):
        _, address = self.listen_tls()
        self.assert_answered(address, client_tls(certificates().ca))

    def test_over_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            transport = peer_pb2.Transport(uds=peer_pb2.Uds(path=str(Path(folder) / "s")))
            _, address = self.listen_tls(transport=transport)
            self.assert_answered(f"unix:{address}", client_tls(certificates().ca))

    @unittest.skipUnless(has_ipv6(), "this machine has no ::1")
    def test_over_ipv6(self):
        _, address = self.listen_tls(transport=IPV6)
        self.assert_answered(address, client_tls(certificates().ca))

    def test_a_server_that_does_not(self):
        made = certificates()
        cases = {
            "another authority": (made.server, client_tls(made.other_ca)),
            "another name": (made.server, client_tls(made.ca, name="else.test")),
            "expired": (made.expired_server, client_tls(made.ca)),
        }
        for name, (pair, tls) in cases.items():
            with self.subTest(name):
                self.assert_unavailable(*self.listen_tls(pair=pair), tls)

    def test_one_side_alone_speaks_tls(self):
        self.assert_unavailable(*self.listen_tls(), None)
        plain = self.listen(services=GREETERS)
        self.assert_unavailable(*plain, client_tls(certificates().ca))

    def test_a_client_that_proves_itself(self):
        made = certificates()
        _, address = self.listen_tls(client_ca=made.ca)
        self.assert_answered(address, client_tls(made.ca, made.client))

    def test_a_client_that_does_not(self):
        made = certificates()
        for name, pair in {"nothing": NO_PAIR, "another authority": made.stranger}.items():
            with self.subTest(name):
                listener, address = self.listen_tls(client_ca=made.ca)
                self.assert_unavailable(listener, address, client_tls(made.ca, pair))

    def test_a_server_offers_h2(self):
        host, port = self.listen_tls()[1].split(":")
        context = ssl.create_default_context(cadata=certificates().ca.decode())
        context.set_alpn_protocols(["http/1.1", "h2"])
        with (
            socket.create_connection((host, int(port)), LIMIT) as connection,
            context.wrap_socket(connection, server_hostname=SERVER_NAME) as line,
        ):
            self.assertEqual(line.selected_alpn_protocol(), "h2")

    def test_a_client_asks_for_the_name_and_h2(self):
        made, asked = certificates(), []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["h2"])
        context.sni_callback = lambda line, name, of: asked.append(name)
        with tempfile.NamedTemporaryFile() as file:
            file.write(made.server.key + made.server.certificate)
            file.flush()
            context.load_cert_chain(file.name)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            host, port = listener.getsockname()
            channel = self.open(f"{host}:{port}", client_tls(made.ca))
            call = self.call(channel)
            listener.settimeout(LIMIT)
            connection, _ = listener.accept()
            connection.settimeout(LIMIT)
            with context.wrap_socket(connection, server_side=True) as line:
                self.assertEqual((line.selected_alpn_protocol(), asked), ("h2", [SERVER_NAME]))
        self.client.order(abort=peer_pb2.Abort(call=call))
        self.report(call)

    def test_a_token(self):
        listener, address = self.listen_tls()
        self.assert_answered(address, client_tls(certificates().ca), bearer_token="a.b-c")
        for _ in APIS:
            sent = with_key(self.began(listener).metadata, "authorization")
            self.assertEqual(sent, [b"Bearer a.b-c"])

    def test_pem_that_cannot_be_used(self):
        made = certificates()
        server, client = made.server, made.client
        listen = {
            "certificate": server_tls(Pair(b"no PEM", server.key)),
            "key": server_tls(Pair(server.certificate, b"no PEM")),
            "no key": server_tls(Pair(server.certificate, b"")),
            "the key of another": server_tls(Pair(server.certificate, client.key)),
            "authority": server_tls(server, b"no PEM"),
        }
        for number, (name, tls) in enumerate(listen.items(), 801):
            with self.subTest(listen=name):
                self.server.order(listen=peer_pb2.Listen(listener=number, transport=TCP, tls=tls))
                refused = self.server.await_event("refused", listener=number)
                self.assertNotEqual(refused.could_not_try.why, "")
        open_ = {
            "authority": client_tls(b"no PEM"),
            "no authority": client_tls(b""),
            "certificate": client_tls(made.ca, Pair(b"no PEM", client.key)),
            "key": client_tls(made.ca, Pair(client.certificate, b"no PEM")),
            "no key": client_tls(made.ca, Pair(client.certificate, b"")),
            "no certificate": client_tls(made.ca, Pair(b"", client.key)),
            "the key of another": client_tls(made.ca, Pair(client.certificate, server.key)),
        }
        for number, (name, tls) in enumerate(open_.items(), 811):
            with self.subTest(open=name):
                self.client.order(open=peer_pb2.Open(channel=number, target="127.0.0.1:1", tls=tls))
                refused = self.client.await_event("refused", channel=number)
                self.assertIn("PEM", refused.could_not_try.why)


class TokenTests(PairTest):
    def test_a_token_does_not_go_out_in_plain_text(self):
        listener, channel = self.serve(services=GREETERS)
        for api in APIS:
            report = self.report(self.call(channel, api=api, bearer_token="secret"))
            if self.client_name == "python-grpcio":
                self.assertEqual(report.result.status, UNAUTHENTICATED)
            else:
                # It raises an error that has no status.
                self.assertIn("only valid on secure channels", report.could_not_try.why)
        self.unlisten(listener)
        self.assertEqual(self.events_of(listener), [])


def load_tests(
    loader: unittest.TestLoader, standard: unittest.TestSuite, pattern: str | None
) -> unittest.TestSuite:
    """All tests for each pair of the Python peers."""
    return for_each_pair(loader, __name__, Ipv6Tests, TokenTests, TlsTests)
