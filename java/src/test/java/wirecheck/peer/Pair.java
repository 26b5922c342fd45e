package wirecheck.peer;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import wirecheck.v1.Peer.Abort;
import wirecheck.v1.Peer.Began;
import wirecheck.v1.Peer.Call;
import wirecheck.v1.Peer.ChannelOptions;
import wirecheck.v1.Peer.ClientTls;
import wirecheck.v1.Peer.FromPeer;
import wirecheck.v1.Peer.Handled;
import wirecheck.v1.Peer.Listen;
import wirecheck.v1.Peer.Open;
import wirecheck.v1.Peer.Release;
import wirecheck.v1.Peer.Report;
import wirecheck.v1.Peer.Result;
import wirecheck.v1.Peer.Tcp;
import wirecheck.v1.Peer.ToPeer;
import wirecheck.v1.Peer.Transport;
import wirecheck.v1.Peer.Unlisten;
import wirecheck.v1.Peer.Unlistened;

/** A client and a server, and the orders that nearly every test gives to both. */
final class Pair implements AutoCloseable {
  final Harness client;
  final Harness server;
  ChannelOptions options = ChannelOptions.getDefaultInstance();
  ClientTls tls; // Null for plain text.
  long listener; // The latest.
  long channel; // To it.
  String address; // Its own.
  private long numbers;

  Pair(Harness client, Harness server) throws Exception {
    this.client = client;
    this.server = server;
    client.start(RoleName.CLIENT);
    server.start(RoleName.SERVER);
  }

  static Pair start() throws Exception {
    return new Pair(ofRole(RoleName.CLIENT), ofRole(RoleName.SERVER));
  }

  private static Harness ofRole(RoleName name) throws IOException {
    return Harness.ofRole(name);
  }

  /** Opens a listener, and a channel to it. */
  void serve(Listen.Builder listen) throws Exception {
    listener = ++numbers;
    channel = ++numbers;
    if (!listen.hasTransport()) {
      listen.setTransport(Transport.newBuilder().setTcp(Tcp.getDefaultInstance()));
    }
    server.order(ToPeer.newBuilder().setListen(listen.setListener(listener)));
    address = server.await(FromPeer::hasListening).getListening().getAddress();
    String target = listen.getTransport().hasUds() ? "unix:" + address : address;
    open(target);
  }

  private void open(String target) throws Exception {
    Open.Builder open = Open.newBuilder().setChannel(channel).setTarget(target).setOptions(options);
    if (tls != null) {
      open.setTls(tls);
    }
    client.order(ToPeer.newBuilder().setOpen(open));
    client.await(FromPeer::hasOpened);
  }

  /** Begins a call. */
  long call(Call.Builder call) throws Exception {
    long number = ++numbers;
    client.order(ToPeer.newBuilder().setCall(call.setCall(number).setChannel(channel)));
    return number;
  }

  Report report() throws Exception {
    return client.await(FromPeer::hasReport).getReport();
  }

  /** Gives what came of a call that could be tried. */
  Result result() throws Exception {
    Report report = report();
    assertTrue(report.hasResult(), report::toString);
    return report.getResult();
  }

  Began began() throws Exception {
    return server.await(FromPeer::hasBegan).getBegan();
  }

  Handled handled() throws Exception {
    return server.await(FromPeer::hasHandled).getHandled();
  }

  Unlistened unlisten() throws Exception {
    server.order(ToPeer.newBuilder().setUnlisten(Unlisten.newBuilder().setListener(listener)));
    return server.await(FromPeer::hasUnlistened).getUnlistened();
  }

  /** Opens a latch on both sides. */
  void release(String name) throws Exception {
    for (Harness peer : new Harness[] {client, server}) {
      peer.order(ToPeer.newBuilder().setRelease(Release.newBuilder().setName(name)));
    }
  }

  void abortCall(long call) throws Exception {
    client.order(ToPeer.newBuilder().setAbort(Abort.newBuilder().setCall(call)));
  }

  void abortListener() throws Exception {
    server.order(ToPeer.newBuilder().setAbort(Abort.newBuilder().setListener(listener)));
  }

  @Override
  public void close() {
    client.close();
    server.close();
  }
}
