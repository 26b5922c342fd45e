package wirecheck.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import wirecheck.v1.Peer.Call;
import wirecheck.v1.Peer.Close;
import wirecheck.v1.Peer.FromPeer;
import wirecheck.v1.Peer.Listen;
import wirecheck.v1.Peer.Open;
import wirecheck.v1.Peer.Ready;
import wirecheck.v1.Peer.Refused;
import wirecheck.v1.Peer.Release;
import wirecheck.v1.Peer.Start;
import wirecheck.v1.Peer.Stop;
import wirecheck.v1.Peer.ToPeer;
import wirecheck.v1.Peer.Version;

final class SessionTest {
  private static ToPeer start(RoleName name, int version) {
    Start.Builder start = Start.newBuilder().setContractVersion(version).setRole(name.role());
    return ToPeer.newBuilder().setStart(start).build();
  }

  private static Session sessionOf(RoleName name, OutputStream out) {
    EventWriter events = new EventWriter(out);
    return new Session(name, name.newRole(events), events);
  }

  @ParameterizedTest
  @EnumSource(RoleName.class)
  void readySaysWhoAndWhat(RoleName name) throws Exception {
    try (Harness peer = Harness.ofRole(name)) {
      Ready ready = peer.start(name);
      assertEquals(1, ready.getContractVersion());
      assertEquals("java-grpc", ready.getPeer());
      String special = name == RoleName.CLIENT ? "await-headers" : "panic";
      assertTrue(
          ready
              .getFeaturesList()
              .containsAll(List.of(name.word(), special, "uds", "option:initial_stream_window")));
      assertFalse(ready.getFeaturesList().contains("reset"));
      for (Version version : ready.getVersionsList()) {
        assertTrue(version.getVersion().matches("\\d+\\..*"), version::toString);
      }
    }
  }

  @Test
  void theContractIsBrokenByOrdersOutOfTurn() throws Exception {
    Session client = sessionOf(RoleName.CLIENT, OutputStream.nullOutputStream());
    client.take(start(RoleName.CLIENT, 1));
    Session fresh = sessionOf(RoleName.SERVER, OutputStream.nullOutputStream());
    ToPeer release = ToPeer.newBuilder().setRelease(Release.getDefaultInstance()).build();
    assertBroken(client, start(RoleName.CLIENT, 1));
    assertBroken(client, ToPeer.getDefaultInstance());
    assertBroken(fresh, release);
    assertBroken(fresh, start(RoleName.CLIENT, 1)); // It asks for the other role.
  }

  private static void assertBroken(Session session, ToPeer order) {
    assertThrows(BrokenContractException.class, () -> session.take(order));
  }

  @Test
  void nothingIsAnsweredAfterStop() throws Exception {
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    EventWriter events = new EventWriter(written);
    Session client = new Session(RoleName.CLIENT, RoleName.CLIENT.newRole(events), events);
    client.take(start(RoleName.CLIENT, 1));
    client.take(ToPeer.newBuilder().setStop(Stop.getDefaultInstance()).build());
    client.take(ToPeer.newBuilder().setOpen(Open.newBuilder().setChannel(1)).build());
    client.take(ToPeer.newBuilder().setClose(Close.newBuilder().setChannel(1)).build());
    events.close(Duration.ofSeconds(Harness.LIMIT));
    ByteArrayInputStream bytes = new ByteArrayInputStream(written.toByteArray());
    FromPeer event = FromPeer.parseDelimitedFrom(bytes);
    while (event != null) {
      // `Stop` may come before `Ready` is written; what comes after it is not.
      assertTrue(event.hasReady());
      event = FromPeer.parseDelimitedFrom(bytes);
    }
  }

  @Test
  void anotherVersionIsAnsweredAndNothingElse() throws Exception {
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    EventWriter events = new EventWriter(written);
    Session server = new Session(RoleName.SERVER, RoleName.SERVER.newRole(events), events);
    server.take(start(RoleName.SERVER, 2));
    server.take(ToPeer.newBuilder().setListen(Listen.newBuilder().setListener(1)).build());
    events.close(Duration.ofSeconds(Harness.LIMIT));
    ByteArrayInputStream bytes = new ByteArrayInputStream(written.toByteArray());
    assertEquals(1, FromPeer.parseDelimitedFrom(bytes).getReady().getContractVersion());
    assertEquals(0, bytes.available());
  }

  @Test
  void ordersOfTheOtherRoleAreUnsupported() throws Exception {
    try (Harness client = Harness.ofRole(RoleName.CLIENT);
        Harness server = Harness.ofRole(RoleName.SERVER)) {
      client.start(RoleName.CLIENT);
      client.order(ToPeer.newBuilder().setListen(Listen.newBuilder().setListener(7)));
      Refused refused = client.await(FromPeer::hasRefused).getRefused();
      assertEquals(7, refused.getListener());
      assertEquals("server", refused.getUnsupported().getFeature());
      server.start(RoleName.SERVER);
      server.order(ToPeer.newBuilder().setCall(Call.newBuilder().setCall(8)));
      FromPeer report = server.await(FromPeer::hasReport);
      assertEquals("client", report.getReport().getUnsupported().getFeature());
    }
  }

  @Test
  void whatIsNotThereCannotBeTried() throws Exception {
    try (Harness client = Harness.ofRole(RoleName.CLIENT)) {
      client.start(RoleName.CLIENT);
      client.order(ToPeer.newBuilder().setClose(Close.newBuilder().setChannel(9)));
      Refused refused = client.await(FromPeer::hasRefused).getRefused();
      assertEquals("there is no channel 9", refused.getCouldNotTry().getWhy());
    }
  }
}
