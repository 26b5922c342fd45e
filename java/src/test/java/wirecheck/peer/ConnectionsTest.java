package wirecheck.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.grpc.Status.Code;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import wirecheck.v1.Peer.Call;
import wirecheck.v1.Peer.ChannelOptions;
import wirecheck.v1.Peer.ClientTls;
import wirecheck.v1.Peer.FromPeer;
import wirecheck.v1.Peer.Listen;
import wirecheck.v1.Peer.Open;
import wirecheck.v1.Peer.Result;
import wirecheck.v1.Peer.ServerTls;
import wirecheck.v1.Peer.Shape;
import wirecheck.v1.Peer.Tcp;
import wirecheck.v1.Peer.ToPeer;
import wirecheck.v1.Peer.Transport;
import wirecheck.v1.Peer.Uds;

/** What a call goes over, and what it shows: TLS, certificates of clients, IPv6, tokens. */
@Timeout(120)
final class ConnectionsTest {
  private static final String NAME = "server.test"; // Nobody resolves it: it is only checked.
  private static final long DEADLINE = TimeUnit.SECONDS.toNanos(Harness.LIMIT / 2);
  private static Identity server;
  private static Identity client;
  private static Identity stranger;
  private static Identity expired;

  private Pair pair;

  @BeforeAll
  static void makeCertificates() throws IOException {
    server = Identity.of(NAME);
    client = Identity.of("client.test");
    stranger = Identity.of(NAME);
    expired = Identity.expired(NAME);
  }

  @BeforeEach
  void start() throws Exception {
    pair = Pair.start();
  }

  @AfterEach
  void end() {
    pair.close();
  }

  private static ServerTls.Builder shows(Identity own) {
    return ServerTls.newBuilder()
        .setCertificateChain(own.certificate())
        .setPrivateKey(own.privateKey());
  }

  private static ClientTls.Builder trusts(Identity other) {
    return ClientTls.newBuilder().setCa(other.authority()).setServerName(NAME);
  }

  private static ClientTls.Builder shows(Identity own, ClientTls.Builder tls) {
    return tls.setCertificateChain(own.certificate()).setPrivateKey(own.privateKey());
  }

  private static Listen.Builder greeter() {
    return Listen.newBuilder().addServices("Greeter");
  }

  private static Call.Builder hello() {
    return Orders.hello(Shape.SHAPE_UNARY, Orders.message(Orders.WORLD)).setTimeoutNs(DEADLINE);
  }

  private void assertGreeted() throws Exception {
    pair.call(hello());
    Result result = pair.result();
    assertEquals(Code.OK.value(), result.getStatus(), result::toString);
    assertEquals(Orders.HELLO_WORLD, result.getMessages(0).getHead());
  }

  @Test
  void aCallOverTls(@TempDir Path folder) throws Exception {
    Transport.Builder socket =
        Transport.newBuilder().setUds(Uds.newBuilder().setPath(folder.resolve("s").toString()));
    pair.tls = trusts(server).build();
    for (Listen.Builder listen : List.of(greeter(), greeter().setTransport(socket))) {
      pair.serve(listen.setTls(shows(server)));
      assertGreeted();
    }
  }

  @Test
  void aCallOfAClientWithACertificate() throws Exception {
    pair.tls = shows(client, trusts(server)).build();
    pair.serve(greeter().setTls(shows(server).setClientCa(client.authority())));
    assertGreeted();
  }

  @Test
  void clientsThatAServerRefuses() throws Exception {
    for (ClientTls.Builder tls : List.of(trusts(server), shows(stranger, trusts(server)))) {
      pair.tls = tls.build();
      pair.serve(greeter().setTls(shows(server).setClientCa(client.authority())));
      assertUnavailable();
    }
  }

  @Test
  void serversThatAClientRefuses() throws Exception {
    assertRefused(shows(server), trusts(stranger));
    assertRefused(shows(expired), trusts(expired));
    assertRefused(shows(server), trusts(server).setServerName("other.test"));
    assertRefused(shows(server), trusts(server).clearServerName()); // The target's is 127.0.0.1.
    // What can be read and does not fit grpc-java finds out with the first connection.
    assertRefused(shows(server).setPrivateKey(stranger.privateKey()), trusts(server));
    assertRefused(shows(server), trusts(server).clearCa());
  }

  private void assertRefused(ServerTls.Builder shown, ClientTls.Builder trusted) throws Exception {
    pair.tls = trusted.build();
    pair.serve(greeter().setTls(shown));
    assertUnavailable();
  }

  @Test
  void aClientAndAServerOfWhichOneSpeaksTls() throws Exception {
    pair.serve(greeter().setTls(shows(server)));
    assertUnavailable();
    pair.tls = trusts(server).build();
    pair.serve(greeter());
    assertUnavailable();
  }

  /** Makes a call that fails before its handler is entered, and well before its deadline. */
  private void assertUnavailable() throws Exception {
    pair.call(hello());
    Result result = pair.result();
    assertEquals(Code.UNAVAILABLE.value(), result.getStatus(), result::toString);
    pair.unlisten();
    assertTrue(pair.server.unasked().isEmpty(), () -> pair.server.unasked().toString());
  }

  @Test
  void anAuthorityNeedNotBeTheNameThatIsProved() throws Exception {
    pair.tls = trusts(server).build();
    pair.options = ChannelOptions.newBuilder().setAuthority("shop.test").build();
    pair.serve(greeter().setTls(shows(server)));
    assertGreeted();
  }

  @Test
  void pemThatCannotBeRead() throws Exception {
    ByteString noPem = Orders.bytes("no PEM\n");
    Transport tcp = Transport.newBuilder().setTcp(Tcp.getDefaultInstance()).build();
    for (ServerTls.Builder tls :
        List.of(
            shows(server).setPrivateKey(noPem),
            shows(server).setCertificateChain(noPem),
            shows(server).setClientCa(noPem),
            ServerTls.newBuilder())) {
      Listen.Builder listen = greeter().setTransport(tcp).setTls(tls);
      pair.server.order(ToPeer.newBuilder().setListen(listen));
      assertCouldNotTry(pair.server);
    }
    for (ClientTls.Builder tls :
        List.of(
            trusts(server).setCa(noPem),
            shows(client, trusts(server)).setPrivateKey(noPem),
            shows(client, trusts(server)).setCertificateChain(noPem))) {
      Open.Builder open = Open.newBuilder().setTarget("127.0.0.1:1").setTls(tls);
      pair.client.order(ToPeer.newBuilder().setOpen(open));
      assertCouldNotTry(pair.client);
    }
  }

  private static void assertCouldNotTry(Harness peer) throws Exception {
    FromPeer event =
        peer.await(each -> each.hasRefused() || each.hasListening() || each.hasOpened());
    String why = event.getRefused().getCouldNotTry().getWhy();
    assertTrue(why.contains("ertificate") || why.contains("private key"), event::toString);
  }

  @Test
  void aTokenGoesOutOverTlsAndInPlainText() throws Exception {
    for (boolean secure : new boolean[] {true, false}) {
      pair.tls = secure ? trusts(server).build() : null;
      pair.serve(secure ? greeter().setTls(shows(server)) : greeter());
      pair.call(hello().setBearerToken("a-token"));
      assertEquals(Code.OK.value(), pair.result().getStatus());
      assertEquals(
          List.of(Orders.bytes("Bearer a-token")),
          Orders.valuesOf(pair.began().getMetadataList(), "authorization"));
    }
  }

  @Test
  void aCallOverIpv6() throws Exception {
    Transport.Builder ipv6 = Transport.newBuilder().setTcp(Tcp.newBuilder().setIpv6(true));
    pair.serve(greeter().setTransport(ipv6));
    assertTrue(pair.address.matches("\\[::1\\]:[1-9][0-9]*"), pair.address);
    assertGreeted();
  }
}
