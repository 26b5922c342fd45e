package wirecheck.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status.Code;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import wirecheck.v1.Peer.Api;
import wirecheck.v1.Peer.CallEnd;
import wirecheck.v1.Peer.ChannelOptions;
import wirecheck.v1.Peer.FromPeer;
import wirecheck.v1.Peer.Handled;
import wirecheck.v1.Peer.Listen;
import wirecheck.v1.Peer.RequestEnd;
import wirecheck.v1.Peer.Result;
import wirecheck.v1.Peer.Shape;
import wirecheck.v1.Peer.Shutdown;
import wirecheck.v1.Peer.Status;
import wirecheck.v1.Peer.Step;
import wirecheck.v1.Peer.ToPeer;
import wirecheck.v1.Peer.Transport;
import wirecheck.v1.Peer.Uds;

/** Both roles against each other, in this process. */
@Timeout(60)
final class ScriptsTest {
  private static final Shape UNARY = Shape.SHAPE_UNARY;
  private static final Shape BOTH = Shape.SHAPE_BIDIRECTIONAL;
  private static final Step WORLD = Orders.message(Orders.WORLD);
  private static final Step HELLO = Orders.message(Orders.HELLO_WORLD);
  private static final Step ALL = Orders.receive(0);

  private Pair pair;

  @BeforeEach
  void start() throws Exception {
    pair = Pair.start();
  }

  @AfterEach
  void end() {
    pair.close();
  }

  private static Code codeOf(Result result) {
    return io.grpc.Status.fromCodeValue(result.getStatus()).getCode();
  }

  @ParameterizedTest
  @CsvSource({
    "SHAPE_UNARY, 1, 1", "SHAPE_CLIENT_STREAMING, 2, 1",
    "SHAPE_SERVER_STREAMING, 1, 2", "SHAPE_BIDIRECTIONAL, 2, 2"
  })
  void everyShapeThroughBothInterfaces(Shape shape, int requests, int responses) throws Exception {
    List<Step> send = List.of(HELLO, HELLO).subList(0, responses);
    pair.serve(Orders.scripted(shape, send, List.of(ALL)));
    for (Api api : List.of(Api.API_IDIOMATIC, Api.API_STREAM)) {
      Step[] sent = List.of(WORLD, WORLD).subList(0, requests).toArray(Step[]::new);
      pair.call(Orders.hello(shape, sent).setApi(api));
      Result result = pair.result();
      assertEquals(Code.OK, codeOf(result), result::toString);
      assertEquals(responses, result.getMessageCount());
      assertEquals(Orders.HELLO_WORLD, result.getMessages(0).getHead());
      Handled handled = pair.handled();
      assertEquals(requests, handled.getMessageCount());
      assertEquals(RequestEnd.REQUEST_END_HALF_CLOSED, handled.getRequestEnd());
      assertEquals(CallEnd.CALL_END_RETURNED, handled.getCallEnd());
    }
  }

  @Test
  void metadataAndAStatusWithDetails() throws Exception {
    Status.Builder status =
        Status.newBuilder()
            .setCode(9)
            .setMessage("naïve")
            .setDetails(Orders.bytes("\10\11"))
            .addTrailing(Orders.entry("x-trailing", "t"));
    Step headers = Orders.headers(Orders.entry("x-l", "1"), Orders.entry("x-l", "2"));
    pair.serve(Orders.scripted(UNARY, List.of(headers, Orders.endWith(status)), List.of()));
    for (Api api : List.of(Api.API_IDIOMATIC, Api.API_STREAM)) {
      pair.call(
          Orders.hello(UNARY, WORLD).setApi(api).addMetadata(Orders.entry("x-bin", "\0\u00ff")));
      Result result = pair.result();
      assertEquals(Code.FAILED_PRECONDITION, codeOf(result));
      assertEquals("naïve", result.getMessage());
      assertEquals(Orders.bytes("\10\11"), result.getDetails());
      assertEquals(2, Orders.valuesOf(result.getLeadingList(), "x-l").size());
      assertEquals(1, Orders.valuesOf(result.getTrailingList(), "x-trailing").size());
      assertEquals(
          List.of(Orders.bytes("\0\u00ff")),
          Orders.valuesOf(pair.began().getMetadataList(), "x-bin"));
    }
  }

  @Test
  void stepsWaitForReleasesAndForEachOther() throws Exception {
    Step waiting = Orders.named("waiting", Orders.released("go"));
    pair.serve(
        Orders.scripted(
            BOTH,
            List.of(Orders.after("first"), HELLO, waiting, HELLO),
            List.of(Orders.named("first", Orders.receive(1)), ALL)));
    Step more = Orders.named("more", Orders.released("go"));
    pair.call(
        Orders.hello(BOTH, WORLD, more, WORLD)
            .addReceive(Orders.awaitHeaders())
            .addReceive(Orders.named("answered", Orders.receive(1))));
    pair.client.await(event -> event.getReached().getStep().equals("answered"));
    pair.client.await(event -> event.getReached().getStep().equals("more"));
    pair.server.await(event -> event.getReached().getStep().equals("waiting"));
    pair.release("go");
    Result result = pair.result();
    assertEquals(2, result.getMessageCount());
    assertEquals(3, result.getStoodAtSend());
    assertEquals(2, result.getStoodAtReceive());
    assertEquals(2, pair.handled().getMessageCount());
  }

  @Test
  void aCancelledCallEndsItsHandler() throws Exception {
    for (Shape shape : List.of(UNARY, BOTH)) {
      pair.serve(Orders.scripted(shape, List.of(Orders.released("never")), List.of(ALL)));
      pair.call(Orders.hello(shape, WORLD, Orders.released("cancel" + shape), Orders.cancel()));
      pair.began();
      pair.release("cancel" + shape);
      assertEquals(Code.CANCELLED, codeOf(pair.result()));
      assertEquals(CallEnd.CALL_END_CANCELLED, pair.handled().getCallEnd());
    }
  }

  @Test
  void aDeadlineThatPassesInTheHandler() throws Exception {
    pair.serve(Orders.scripted(UNARY, List.of(Orders.released("never")), List.of()));
    pair.call(Orders.hello(UNARY, WORLD).setTimeoutNs(700_000_000L));
    assertEquals(Code.DEADLINE_EXCEEDED, codeOf(pair.result()));
    CallEnd end = pair.handled().getCallEnd();
    // Both sides have a timer, and whoever is first tells the other.
    assertTrue(
        end == CallEnd.CALL_END_DEADLINE || end == CallEnd.CALL_END_CANCELLED, end::toString);
  }

  @ParameterizedTest
  @CsvSource({"SHAPE_UNARY", "SHAPE_SERVER_STREAMING", "SHAPE_BIDIRECTIONAL"})
  void aPanicIsCaughtAndTheConnectionGoesOn(Shape shape) throws Exception {
    Listen.Builder listen = Orders.scripted(shape, List.of(Orders.panic()), List.of());
    pair.serve(listen.addServices("helloworld.Greeter"));
    pair.call(Orders.hello(shape, WORLD));
    assertEquals(Code.UNKNOWN, codeOf(pair.result()));
    assertEquals(CallEnd.CALL_END_PANICKED, pair.handled().getCallEnd());
    pair.call(
        Orders.hello(UNARY, WORLD)
            .setMethod("/helloworld.Greeter/SayHello")
            .setRequestType("helloworld.HelloRequest")
            .setResponseType("helloworld.HelloReply"));
    assertEquals(Orders.HELLO_WORLD, pair.result().getMessages(0).getHead());
  }

  @Test
  void aStreamThatTheCodecRefuses() throws Exception {
    Step broken = Orders.raw(Orders.bytes("\n\2\u00ff\u00fe"));
    pair.serve(Orders.scripted(BOTH, List.of(Orders.released("never")), List.of(ALL)));
    pair.call(Orders.hello(BOTH, WORLD, broken));
    assertEquals(Code.UNKNOWN, codeOf(pair.result()));
    Handled handled = pair.handled();
    assertEquals(RequestEnd.REQUEST_END_ERROR, handled.getRequestEnd());
    assertEquals(Orders.WORLD, handled.getMessages(0).getHead());
    assertTrue(handled.getMessages(1).getCodecError().contains("UTF-8"));
  }

  @Test
  void aServerThatSendsMoreThanIsReadKeepsItsPlace() throws Exception {
    Step large = Step.newBuilder().setRaw(Orders.payload(Orders.fill(8, 1 << 20))).build();
    List<Step> send =
        List.of(large, large, large, large, large, large, Orders.named("sent", large));
    pair.options = ChannelOptions.newBuilder().setInitialStreamWindow(65_535).build();
    pair.serve(Orders.scripted(Shape.SHAPE_SERVER_STREAMING, send, List.of()));
    Step read = Orders.named("waits", Orders.released("read"));
    long call =
        pair.call(
            Orders.hello(Shape.SHAPE_SERVER_STREAMING, WORLD)
                .setApi(Api.API_STREAM)
                .addReceive(Orders.awaitHeaders())
                .addReceive(read));
    pair.client.await(event -> event.getReached().getStep().equals("waits"));
    pair.abortCall(call);
    assertTrue(pair.result().getAborted());
    pair.handled();
    // The rest was never handed to grpc-java.
    assertFalse(
        pair.server.unasked().stream()
            .anyMatch(event -> event.getReached().getStep().equals("sent")));
  }

  @Test
  void aListenerAndACallCanBeAborted() throws Exception {
    pair.serve(Orders.scripted(UNARY, List.of(Orders.released("never")), List.of()));
    pair.call(Orders.hello(UNARY, WORLD));
    pair.began();
    pair.abortListener();
    Result result = pair.result();
    assertEquals(Code.CANCELLED, codeOf(result));
    assertFalse(result.getAborted());
    assertEquals(CallEnd.CALL_END_CANCELLED, pair.handled().getCallEnd());
    long call = pair.call(Orders.hello(UNARY, WORLD));
    pair.began();
    pair.abortCall(call);
    assertTrue(pair.result().getAborted());
    assertEquals(CallEnd.CALL_END_CANCELLED, pair.handled().getCallEnd());
  }

  @Test
  void aCallThatIsAbortedBeforeItBeginsNeverBegins() throws Exception {
    pair.serve(Orders.scripted(UNARY, List.of(), List.of()));
    Step waiting = Orders.named("waiting", Orders.released("never"));
    long call = pair.call(Orders.hello(UNARY, waiting, WORLD));
    pair.client.await(FromPeer::hasReached);
    pair.abortCall(call);
    Result result = pair.result();
    assertTrue(result.getAborted());
    assertEquals(0, result.getDurationNs());
  }

  @Test
  void aGracefulShutdownLetsCallsEnd() throws Exception {
    pair.serve(Orders.scripted(UNARY, List.of(Orders.released("go"), HELLO), List.of()));
    pair.call(Orders.hello(UNARY, WORLD));
    pair.began();
    Shutdown.Builder shutdown =
        Shutdown.newBuilder()
            .setListener(pair.listener)
            .setGraceMs(60_000)
            .addRequires("graceful-shutdown");
    pair.server.order(ToPeer.newBuilder().setShutdown(shutdown));
    pair.release("go");
    assertEquals(Code.OK, codeOf(pair.result()));
    pair.server.await(FromPeer::hasShutDown);
  }

  @Test
  void unlistenComesLastAndEndsWhatRuns() throws Exception {
    pair.serve(Orders.scripted(BOTH, List.of(Orders.released("never")), List.of(ALL)));
    pair.call(Orders.hello(BOTH, WORLD, Orders.released("never")));
    pair.began();
    assertEquals(0, pair.unlisten().getStillRunning());
    assertEquals(CallEnd.CALL_END_CANCELLED, pair.handled().getCallEnd());
    assertEquals(List.of(), pair.server.unasked());
    // Of the reset and the end of the connection, whichever the client sees first.
    Code code = codeOf(pair.result());
    assertTrue(List.of(Code.CANCELLED, Code.UNAVAILABLE).contains(code), code::toString);
  }

  @Test
  void limitsOfMessages() throws Exception {
    pair.options =
        ChannelOptions.newBuilder().setMaxSendMessageSize(8).setMaxReceiveMessageSize(8).build();
    pair.serve(Orders.scripted(UNARY, List.of(HELLO), List.of()));
    pair.call(Orders.hello(UNARY, WORLD)); // 7 bytes.
    assertEquals(Code.RESOURCE_EXHAUSTED, codeOf(pair.result()));
    pair.began();
    pair.call(Orders.hello(UNARY, HELLO)); // 14 bytes.
    // What grpc-java makes of a message over the limit of its own side.
    assertEquals(Code.CANCELLED, codeOf(pair.result()));
    pair.unlisten();
    assertFalse(pair.server.unasked().stream().anyMatch(FromPeer::hasBegan));
  }

  @Test
  void aUnixSocketLeavesNoFile(@TempDir Path folder) throws Exception {
    Path socket = folder.resolve("s");
    Transport.Builder uds =
        Transport.newBuilder().setUds(Uds.newBuilder().setPath(socket.toString()));
    pair.serve(Listen.newBuilder().addServices("Greeter").setTransport(uds));
    pair.call(Orders.hello(UNARY, WORLD));
    assertEquals(Code.OK, codeOf(pair.result()));
    pair.unlisten();
    assertFalse(Files.exists(socket));
  }
}
