package wirecheck.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import grpc.testing.EmptyOuterClass.Empty;
import grpc.testing.Messages.EchoStatus;
import grpc.testing.Messages.Payload;
import grpc.testing.Messages.ResponseParameters;
import grpc.testing.Messages.SimpleRequest;
import grpc.testing.Messages.SimpleResponse;
import grpc.testing.Messages.StreamingInputCallRequest;
import grpc.testing.Messages.StreamingInputCallResponse;
import grpc.testing.Messages.StreamingOutputCallRequest;
import grpc.testing.Messages.StreamingOutputCallResponse;
import io.grpc.Status.Code;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import wirecheck.v1.Peer.Call;
import wirecheck.v1.Peer.CallEnd;
import wirecheck.v1.Peer.FromPeer;
import wirecheck.v1.Peer.Handled;
import wirecheck.v1.Peer.Listen;
import wirecheck.v1.Peer.RequestEnd;
import wirecheck.v1.Peer.Result;
import wirecheck.v1.Peer.Seen;
import wirecheck.v1.Peer.Shape;

/** The built-in services, through both roles. */
@Timeout(60)
final class ServicesTest {
  private static final String TEST_SERVICE = "grpc.testing.TestService";
  private static final String HEALTH = "grpc.health.v1.Health";
  private static final Shape UNARY = Shape.SHAPE_UNARY;
  private static final Shape BOTH = Shape.SHAPE_BIDIRECTIONAL;
  private static final int[] SIZES = {31415, 9, 2653, 58979};

  private Pair pair;

  @BeforeEach
  void start() throws Exception {
    pair = Pair.start();
  }

  @AfterEach
  void end() {
    pair.close();
  }

  private void serve(String... services) throws Exception {
    pair.serve(Listen.newBuilder().addAllServices(List.of(services)));
  }

  private static Code codeOf(Result result) {
    return io.grpc.Status.fromCodeValue(result.getStatus()).getCode();
  }

  private static Payload zeros(int size) {
    return Payload.newBuilder().setBody(Orders.bytes("\0".repeat(size))).build();
  }

  private static Call.Builder unaryCall(SimpleRequest.Builder request) {
    return Orders.callOf(
        "/" + TEST_SERVICE + "/UnaryCall",
        UNARY,
        SimpleResponse.getDefaultInstance(),
        request.build());
  }

  private static StreamingOutputCallRequest outputs(int... sizes) {
    StreamingOutputCallRequest.Builder request = StreamingOutputCallRequest.newBuilder();
    Arrays.stream(sizes)
        .forEach(
            size -> request.addResponseParameters(ResponseParameters.newBuilder().setSize(size)));
    return request.build();
  }

  private static Call.Builder outputCall(
      String name, Shape shape, StreamingOutputCallRequest... requests) {
    return Orders.callOf(
        "/" + TEST_SERVICE + "/" + name,
        shape,
        StreamingOutputCallResponse.getDefaultInstance(),
        requests);
  }

  @Test
  void largeUnaryWithMetadata() throws Exception {
    serve(TEST_SERVICE);
    pair.call(
        unaryCall(SimpleRequest.newBuilder().setResponseSize(314159).setPayload(zeros(271828)))
            .addMetadata(Orders.entry("x-grpc-test-echo-initial", "initial"))
            .addMetadata(Orders.entry("x-grpc-test-echo-trailing-bin", "\u00ab\u00ab")));
    Result result = pair.result();
    SimpleResponse response = SimpleResponse.parseFrom(result.getMessages(0).getHead());
    assertEquals(314159, response.getPayload().getBody().size());
    assertEquals(
        List.of(Orders.bytes("initial")),
        Orders.valuesOf(result.getLeadingList(), "x-grpc-test-echo-initial"));
    assertEquals(
        List.of(Orders.bytes("\u00ab\u00ab")),
        Orders.valuesOf(result.getTrailingList(), "x-grpc-test-echo-trailing-bin"));
    assertEquals(271840, pair.handled().getMessages(0).getLength());
  }

  @Test
  void streamsOfTheOfficialCases() throws Exception {
    serve(TEST_SERVICE);
    StreamingOutputCallRequest[] each =
        Arrays.stream(SIZES)
            .mapToObj(ServicesTest::outputs)
            .toArray(StreamingOutputCallRequest[]::new);
    List<Call.Builder> calls =
        List.of(
            outputCall("StreamingOutputCall", Shape.SHAPE_SERVER_STREAMING, outputs(SIZES)),
            outputCall("FullDuplexCall", BOTH, each),
            outputCall("HalfDuplexCall", BOTH, each));
    for (Call.Builder call : calls) {
      pair.call(call);
      Result result = pair.result();
      assertEquals(Code.OK, codeOf(result));
      int[] got = result.getMessagesList().stream().mapToInt(ServicesTest::bodySize).toArray();
      assertEquals(Arrays.toString(SIZES), Arrays.toString(got));
      assertEquals(RequestEnd.REQUEST_END_HALF_CLOSED, pair.handled().getRequestEnd());
    }
  }

  private static int bodySize(Seen seen) {
    try {
      return StreamingOutputCallResponse.parseFrom(seen.getHead()).getPayload().getBody().size();
    } catch (InvalidProtocolBufferException error) {
      throw new AssertionError(error);
    }
  }

  @Test
  void clientStreamingIsSummedUp() throws Exception {
    serve(TEST_SERVICE);
    StreamingInputCallRequest[] requests =
        Stream.of(27182, 8, 1828, 45904)
            .map(size -> StreamingInputCallRequest.newBuilder().setPayload(zeros(size)).build())
            .toArray(StreamingInputCallRequest[]::new);
    pair.call(
        Orders.callOf(
            "/" + TEST_SERVICE + "/StreamingInputCall",
            Shape.SHAPE_CLIENT_STREAMING,
            StreamingInputCallResponse.getDefaultInstance(),
            requests));
    Seen seen = pair.result().getMessages(0);
    assertEquals(
        74922, StreamingInputCallResponse.parseFrom(seen.getHead()).getAggregatedPayloadSize());
    assertEquals(4, pair.handled().getMessageCount());
  }

  @Test
  void aStatusIsEchoed() throws Exception {
    String text = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
    EchoStatus wanted = EchoStatus.newBuilder().setCode(2).setMessage(text).build();
    serve(TEST_SERVICE);
    StreamingOutputCallRequest duplex =
        StreamingOutputCallRequest.newBuilder().setResponseStatus(wanted).build();
    for (Call.Builder call :
        List.of(
            unaryCall(SimpleRequest.newBuilder().setResponseStatus(wanted)),
            outputCall("FullDuplexCall", BOTH, duplex))) {
      pair.call(call);
      Result result = pair.result();
      assertEquals(Code.UNKNOWN, codeOf(result));
      assertEquals(text, result.getMessage());
    }
  }

  @Test
  void whatTheTestServerDoesNotHave() throws Exception {
    serve(TEST_SERVICE);
    Empty nothing = Empty.getDefaultInstance();
    assertCode(
        Code.UNIMPLEMENTED,
        Orders.callOf("/" + TEST_SERVICE + "/UnimplementedCall", UNARY, nothing, nothing));
    assertCode(
        Code.UNIMPLEMENTED,
        Orders.callOf(
            "/grpc.testing.UnimplementedService/UnimplementedCall", UNARY, nothing, nothing));
    assertCode(Code.OK, Orders.callOf("/" + TEST_SERVICE + "/EmptyCall", UNARY, nothing, nothing));
    // The first two were the router's to answer.
    assertEquals("/" + TEST_SERVICE + "/EmptyCall", pair.began().getMethod());
    assertCode(Code.INVALID_ARGUMENT, unaryCall(SimpleRequest.newBuilder().setResponseSize(-1)));
  }

  private void assertCode(Code want, Call.Builder call) throws Exception {
    pair.call(call);
    assertEquals(want, codeOf(pair.result()));
  }

  @Test
  void aCancelledStreamEndsItsHandler() throws Exception {
    serve(TEST_SERVICE);
    pair.call(
        outputCall("FullDuplexCall", BOTH, outputs(31415))
            .addSend(Orders.released("never"))
            .addSend(Orders.halfClose())
            .addReceive(Orders.receive(1))
            .addReceive(Orders.cancel()));
    assertEquals(Code.CANCELLED, codeOf(pair.result()));
    Handled handled = pair.handled();
    assertEquals(CallEnd.CALL_END_CANCELLED, handled.getCallEnd());
    assertEquals(RequestEnd.REQUEST_END_CANCELLED, handled.getRequestEnd());
  }

  @Test
  void healthSaysWhatTheListenerServes() throws Exception {
    serve(HEALTH, "Greeter");
    Map<String, Code> cases = Map.of("", Code.OK, "Greeter", Code.OK, "Nobody", Code.NOT_FOUND);
    for (Map.Entry<String, Code> each : cases.entrySet()) {
      assertCode(each.getValue(), check("Check", UNARY, each.getKey()));
      assertEquals(1, pair.handled().getMessageCount());
    }
  }

  private static Call.Builder check(String name, Shape shape, String service) {
    return Orders.callOf(
        "/" + HEALTH + "/" + name,
        shape,
        HealthCheckResponse.getDefaultInstance(),
        HealthCheckRequest.newBuilder().setService(service).build());
  }

  @Test
  void aWatchIsEnteredWithItsRequestAndCanBeAborted() throws Exception {
    serve(HEALTH);
    pair.call(
        check("Watch", Shape.SHAPE_SERVER_STREAMING, "")
            .addReceive(Orders.named("told", Orders.receive(1))));
    pair.client.await(FromPeer::hasReached);
    pair.abortListener();
    Result result = pair.result();
    assertEquals(Code.CANCELLED, codeOf(result));
    assertEquals(Orders.bytes("\10\1"), result.getMessages(0).getHead()); // SERVING
    Handled handled = pair.handled();
    assertEquals(CallEnd.CALL_END_CANCELLED, handled.getCallEnd());
    assertEquals(RequestEnd.REQUEST_END_HALF_CLOSED, handled.getRequestEnd());
  }

  @Test
  void reflectionListsWhatTheListenerServes() throws Exception {
    String[] names = {
      "Greeter", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"
    };
    serve(names);
    for (String name : List.of(names).subList(1, 3)) {
      // The messages of both versions are the same on the line.
      pair.call(
          Orders.callOf(
              "/" + name + "/ServerReflectionInfo",
              BOTH,
              ServerReflectionResponse.getDefaultInstance(),
              ServerReflectionRequest.newBuilder().setListServices("").build()));
      Seen seen = pair.result().getMessages(0);
      List<String> listed =
          ServerReflectionResponse.parseFrom(seen.getHead())
              .getListServicesResponse()
              .getServiceList()
              .stream()
              .map(ServiceResponse::getName)
              .sorted()
              .toList();
      assertEquals(List.of(names), listed);
      assertEquals(1, pair.handled().getMessageCount());
    }
  }

  @Test
  void whatIsNotNamedIsNotServed() throws Exception {
    serve("Greeter");
    assertCode(Code.UNIMPLEMENTED, check("Check", UNARY, ""));
    pair.unlisten();
    assertTrue(pair.server.unasked().isEmpty());
  }
}
