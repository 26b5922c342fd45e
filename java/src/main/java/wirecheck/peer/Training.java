package wirecheck.peer;

import com.google.protobuf.ByteString;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Predicate;
import wirecheck.v1.Peer.Api;
import wirecheck.v1.Peer.Call;
import wirecheck.v1.Peer.ChannelOptions;
import wirecheck.v1.Peer.Close;
import wirecheck.v1.Peer.EndScope;
import wirecheck.v1.Peer.FromPeer;
import wirecheck.v1.Peer.Listen;
import wirecheck.v1.Peer.MethodScripts;
import wirecheck.v1.Peer.Open;
import wirecheck.v1.Peer.Payload;
import wirecheck.v1.Peer.Piece;
import wirecheck.v1.Peer.Receive;
import wirecheck.v1.Peer.Script;
import wirecheck.v1.Peer.ServerOptions;
import wirecheck.v1.Peer.Shape;
import wirecheck.v1.Peer.Start;
import wirecheck.v1.Peer.Step;
import wirecheck.v1.Peer.Tcp;
import wirecheck.v1.Peer.ToPeer;
import wirecheck.v1.Peer.Transport;
import wirecheck.v1.Peer.Uds;
import wirecheck.v1.Peer.Unlisten;

/**
 * A short run of both roles in one process.
 *
 * <p>It exists to load the classes that a run needs: Java then keeps them in an archive, from which
 * a peer starts in less than half the time. The set-up runs it.
 */
public final class Training {
  private static final String GREETER = "helloworld.Greeter";
  private static final String SERVER = "server.invalid";
  private static final String USER = "user.invalid";
  private static final int BUFFER = 1024 * 1024; // Bytes.

  private final Side client = new Side("client");
  private final Side server = new Side("server");
  private long numbers;

  private Training() throws IOException {}

  /** Runs, and exits as a program does that has come to its end. */
  public static void main(String[] arguments) throws Exception {
    Stdio.takeStdout();
    Path folder = Files.createTempDirectory("wirecheck");
    try {
      new Training().run(folder.resolve("socket"));
    } finally {
      Files.deleteIfExists(folder.resolve("socket"));
      Files.delete(folder);
    }
    System.exit(0);
  }

  private void run(Path socket) throws Exception {
    client.start();
    server.start();
    refuse();
    Transport tcp = Transport.newBuilder().setTcp(Tcp.getDefaultInstance()).build();
    Transport uds =
        Transport.newBuilder().setUds(Uds.newBuilder().setPath(socket.toString())).build();
    serve(Listen.newBuilder().setTransport(tcp), Open.newBuilder());
    serve(Listen.newBuilder().setTransport(uds), Open.newBuilder());
    serveOverTls(Listen.newBuilder().setTransport(tcp), Identity.of(SERVER), Identity.of(USER));
    client.role.stop();
    server.role.stop();
  }

  /** Asks for what nobody has, as every harness does first. */
  private void refuse() throws Exception {
    String unheardOf = "feature-that-nobody-has";
    client.order(ToPeer.newBuilder().setOpen(Open.newBuilder().addRequires(unheardOf)));
    client.await(FromPeer::hasRefused);
    server.order(ToPeer.newBuilder().setListen(Listen.newBuilder().addRequires(unheardOf)));
    server.await(FromPeer::hasRefused);
  }

  /** Does the same with what few runs have at all: proofs on both sides, and compression. */
  private void serveOverTls(Listen.Builder listen, Identity owner, Identity user) throws Exception {
    listen
        .setOptions(ServerOptions.newBuilder().setCompression("gzip"))
        .getTlsBuilder()
        .setCertificateChain(owner.certificate())
        .setPrivateKey(owner.privateKey())
        .setClientCa(user.authority());
    Open.Builder open = Open.newBuilder();
    open.setOptions(ChannelOptions.newBuilder().setCompression("gzip"))
        .getTlsBuilder()
        .setCa(owner.authority())
        .setServerName(SERVER)
        .setCertificateChain(user.certificate())
        .setPrivateKey(user.privateKey());
    serve(listen, open);
  }

  /** Opens a listener, makes every kind of call to it, and closes it. */
  private void serve(Listen.Builder listen, Open.Builder open) throws Exception {
    long listener = ++numbers;
    listen
        .setListener(listener)
        .addServices("Greeter")
        .addServices("grpc.testing.TestService")
        .addServices(GREETER);
    for (Shape shape : Shape.values()) {
      if (Shapes.isShape(shape)) {
        listen.addScripts(scripts(shape));
      }
    }
    server.order(ToPeer.newBuilder().setListen(listen));
    String address = server.await(FromPeer::hasListening).getListening().getAddress();
    long channel = ++numbers;
    String target = listen.getTransport().hasUds() ? "unix:" + address : address;
    client.order(ToPeer.newBuilder().setOpen(open.setChannel(channel).setTarget(target)));
    for (Shape shape : Shape.values()) {
      if (Shapes.isShape(shape)) {
        call(channel, "/training/" + shape.name(), shape, Api.API_IDIOMATIC);
        call(channel, "/training/" + shape.name(), shape, Api.API_STREAM);
      }
    }
    call(channel, "/Greeter/SayHello", Shape.SHAPE_UNARY, Api.API_IDIOMATIC);
    call(channel, "/" + GREETER + "/SayHello", Shape.SHAPE_UNARY, Api.API_IDIOMATIC);
    call(channel, "/" + GREETER + "/SayNothing", Shape.SHAPE_UNARY, Api.API_IDIOMATIC);
    client.order(ToPeer.newBuilder().setClose(Close.newBuilder().setChannel(channel)));
    client.await(FromPeer::hasClosed);
    server.order(ToPeer.newBuilder().setUnlisten(Unlisten.newBuilder().setListener(listener)));
    server.await(FromPeer::hasUnlistened);
    server.order(ToPeer.newBuilder().setEndScope(EndScope.getDefaultInstance()));
  }

  private static MethodScripts scripts(Shape shape) {
    Script.Builder script =
        Script.newBuilder()
            .addSend(message())
            .addReceive(Step.newBuilder().setReceive(Receive.getDefaultInstance()));
    return MethodScripts.newBuilder()
        .setMethod("/training/" + shape.name())
        .setShape(shape)
        .setRequestType("helloworld.HelloRequest")
        .setResponseType("helloworld.HelloReply")
        .addScripts(script)
        .build();
  }

  private void call(long channel, String method, Shape shape, Api api) throws Exception {
    Call.Builder call =
        Call.newBuilder()
            .setCall(++numbers)
            .setChannel(channel)
            .setMethod(method)
            .setShape(shape)
            .setApi(api)
            .setTimeoutNs(Long.MAX_VALUE)
            .setRequestType("helloworld.HelloRequest")
            .setResponseType("helloworld.HelloReply")
            .addSend(message());
    client.order(ToPeer.newBuilder().setCall(call));
    client.await(FromPeer::hasReport);
  }

  private static Step message() {
    Piece.Builder piece = Piece.newBuilder().setBytes(ByteString.copyFrom(new byte[] {10, 1, 'x'}));
    return Step.newBuilder().setMessage(Payload.newBuilder().addPieces(piece)).build();
  }

  /** One role, and what it says. */
  private static final class Side {
    private final InputStream events = new PipedInputStream(BUFFER);
    private final RoleName name;
    private final Role role;
    private final Session session;

    Side(String word) throws IOException {
      EventWriter writer = new EventWriter(new PipedOutputStream((PipedInputStream) events));
      this.name = RoleName.of(word).orElseThrow();
      this.role = name.newRole(writer);
      this.session = new Session(name, role, writer);
    }

    void start() throws Exception {
      Start.Builder start = Start.newBuilder().setContractVersion(1).setRole(name.role());
      order(ToPeer.newBuilder().setStart(start));
      await(FromPeer::hasReady);
      Peer.stopAtTheEnd(role);
    }

    /** Gives an order by way of its bytes, as it comes from a harness. */
    void order(ToPeer.Builder order) throws Exception {
      byte[] frame = Frames.encode(order.setMagic(Frames.MAGIC).build());
      Peer.serve(new ByteArrayInputStream(frame), session);
    }

    FromPeer await(Predicate<FromPeer> wanted) throws IOException {
      FromPeer event = FromPeer.parseDelimitedFrom(events);
      while (!wanted.test(event)) {
        event = FromPeer.parseDelimitedFrom(events);
      }
      return event;
    }
  }
}
