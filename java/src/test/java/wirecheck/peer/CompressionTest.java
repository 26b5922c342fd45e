package wirecheck.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import grpc.testing.Messages.BoolValue;
import grpc.testing.Messages.ResponseParameters;
import grpc.testing.Messages.SimpleRequest;
import grpc.testing.Messages.SimpleResponse;
import grpc.testing.Messages.StreamingInputCallRequest;
import grpc.testing.Messages.StreamingInputCallResponse;
import grpc.testing.Messages.StreamingOutputCallRequest;
import grpc.testing.Messages.StreamingOutputCallResponse;
import io.grpc.Status.Code;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import wirecheck.v1.Peer.Api;
import wirecheck.v1.Peer.Call;
import wirecheck.v1.Peer.ChannelOptions;
import wirecheck.v1.Peer.Listen;
import wirecheck.v1.Peer.Result;
import wirecheck.v1.Peer.Seen;
import wirecheck.v1.Peer.ServerOptions;
import wirecheck.v1.Peer.Shape;
import wirecheck.v1.Peer.Step;

/** Which messages are compressed, as the two roles see it. */
@Timeout(60)
final class CompressionTest {
  private static final String TEST_SERVICE = "grpc.testing.TestService";
  private static final Step WORLD = Orders.message(Orders.WORLD);
  private static final Step HELLO = Orders.message(Orders.HELLO_WORLD);
  private static final BoolValue YES = BoolValue.newBuilder().setValue(true).build();
  private static final BoolValue NO = BoolValue.getDefaultInstance();

  private Pair pair;

  @BeforeEach
  void start() throws Exception {
    pair = Pair.start();
  }

  @AfterEach
  void end() {
    pair.close();
  }

  private static Step uncompressed(Step step) {
    return step.toBuilder().setUncompressed(true).build();
  }

  private static List<Boolean> flags(List<Seen> messages) {
    messages.forEach(message -> assertTrue(message.hasCompressed(), message::toString));
    return messages.stream().map(Seen::getCompressed).toList();
  }

  static List<Arguments> everyKindOfCall() {
    List<Arguments> kinds = new ArrayList<>();
    for (Shape shape : Shape.values()) {
      if (Shapes.isShape(shape)) {
        kinds.add(Arguments.of(shape, Api.API_IDIOMATIC));
        kinds.add(Arguments.of(shape, Api.API_STREAM));
      }
    }
    return kinds;
  }

  private void serveGzip(Shape shape, Step... responses) throws Exception {
    pair.serve(
        Orders.scripted(shape, List.of(responses), List.of(Orders.receive(0)))
            .setOptions(ServerOptions.newBuilder().setCompression("gzip")));
  }

  @ParameterizedTest
  @MethodSource("everyKindOfCall")
  void messagesAreCompressedBothWays(Shape shape, Api api) throws Exception {
    pair.options = ChannelOptions.newBuilder().setCompression("gzip").build();
    serveGzip(shape, HELLO);
    pair.call(Orders.hello(shape, WORLD).setApi(api));
    Result result = pair.result();
    assertEquals(Orders.HELLO_WORLD, result.getMessages(0).getHead());
    assertEquals(List.of(true), flags(result.getMessagesList()));
    assertEquals(List.of(true), flags(pair.handled().getMessagesList()));
  }

  @ParameterizedTest
  @MethodSource("everyKindOfCall")
  void aMessageCanBeAnException(Shape shape, Api api) throws Exception {
    pair.options = ChannelOptions.newBuilder().setCompression("gzip").build();
    serveGzip(shape, uncompressed(HELLO));
    pair.call(Orders.hello(shape, uncompressed(WORLD)).setApi(api));
    assertEquals(List.of(false), flags(pair.result().getMessagesList()));
    assertEquals(List.of(false), flags(pair.handled().getMessagesList()));
  }

  @Test
  void anExceptionHoldsForOneMessage() throws Exception {
    pair.options = ChannelOptions.newBuilder().setCompression("gzip").build();
    serveGzip(Shape.SHAPE_BIDIRECTIONAL, uncompressed(HELLO), HELLO, uncompressed(HELLO));
    pair.call(Orders.hello(Shape.SHAPE_BIDIRECTIONAL, WORLD, uncompressed(WORLD), WORLD));
    assertEquals(List.of(false, true, false), flags(pair.result().getMessagesList()));
    assertEquals(List.of(true, false, true), flags(pair.handled().getMessagesList()));
  }

  @Test
  void nothingIsCompressedUnlessAnOptionSaysSo() throws Exception {
    pair.serve(Listen.newBuilder().addServices("Greeter"));
    pair.call(Orders.hello(Shape.SHAPE_UNARY, WORLD));
    assertEquals(List.of(false), flags(pair.result().getMessagesList()));
    assertEquals(List.of(false), flags(pair.handled().getMessagesList()));
  }

  private void serveTests(String... coding) throws Exception {
    ServerOptions.Builder options = ServerOptions.newBuilder();
    List.of(coding).forEach(options::setCompression);
    pair.serve(Listen.newBuilder().addServices(TEST_SERVICE).setOptions(options));
  }

  private List<Boolean> responseFlags(Call.Builder call) throws Exception {
    pair.call(call);
    Result result = pair.result();
    assertEquals(Code.OK.value(), result.getStatus(), result::toString);
    return flags(result.getMessagesList());
  }

  private static Call.Builder unaryCall(SimpleRequest.Builder request) {
    return Orders.callOf(
        "/" + TEST_SERVICE + "/UnaryCall",
        Shape.SHAPE_UNARY,
        SimpleResponse.getDefaultInstance(),
        request.setResponseSize(314).build());
  }

  private static Call.Builder inputCall(BoolValue... expected) {
    StreamingInputCallRequest[] requests =
        List.of(expected).stream()
            .map(each -> StreamingInputCallRequest.newBuilder().setExpectCompressed(each).build())
            .toArray(StreamingInputCallRequest[]::new);
    return Orders.callOf(
        "/" + TEST_SERVICE + "/StreamingInputCall",
        Shape.SHAPE_CLIENT_STREAMING,
        StreamingInputCallResponse.getDefaultInstance(),
        requests);
  }

  private static Call.Builder outputCall(String name, Shape shape, BoolValue... wanted) {
    StreamingOutputCallRequest.Builder request = StreamingOutputCallRequest.newBuilder();
    for (BoolValue each : wanted) {
      request.addResponseParameters(
          ResponseParameters.newBuilder().setSize(314).setCompressed(each));
    }
    return Orders.callOf(
        "/" + TEST_SERVICE + "/" + name,
        shape,
        StreamingOutputCallResponse.getDefaultInstance(),
        request.build());
  }

  @Test
  void theTestServiceCompressesWhatItsRequestsWantCompressed() throws Exception {
    serveTests("gzip");
    SimpleRequest.Builder request = SimpleRequest.newBuilder();
    assertEquals(List.of(false), responseFlags(unaryCall(request)));
    assertEquals(List.of(true), responseFlags(unaryCall(request.setResponseCompressed(YES))));
    assertEquals(List.of(false), responseFlags(unaryCall(request.setResponseCompressed(NO))));
    assertEquals(List.of(false), responseFlags(inputCall(NO)));
    for (Call.Builder call :
        List.of(
            outputCall("StreamingOutputCall", Shape.SHAPE_SERVER_STREAMING, YES, NO, YES),
            outputCall("FullDuplexCall", Shape.SHAPE_BIDIRECTIONAL, YES, NO, YES))) {
      assertEquals(List.of(true, false, true), responseFlags(call));
    }
  }

  @Test
  void theTestServiceHasNoCodingOfItsOwn() throws Exception {
    serveTests();
    assertEquals(
        List.of(false),
        responseFlags(unaryCall(SimpleRequest.newBuilder().setResponseCompressed(YES))));
  }

  @Test
  void theTestServiceRefusesARequestThatCameTheOtherWay() throws Exception {
    for (boolean compresses : new boolean[] {false, true}) {
      pair.options =
          compresses
              ? ChannelOptions.newBuilder().setCompression("gzip").build()
              : ChannelOptions.getDefaultInstance();
      serveTests();
      BoolValue right = compresses ? YES : NO;
      BoolValue wrong = compresses ? NO : YES;
      assertCode(Code.OK, unaryCall(SimpleRequest.newBuilder().setExpectCompressed(right)));
      assertCode(
          Code.INVALID_ARGUMENT, unaryCall(SimpleRequest.newBuilder().setExpectCompressed(wrong)));
      assertCode(Code.OK, inputCall(right, right));
      assertCode(Code.INVALID_ARGUMENT, inputCall(right, wrong));
    }
  }

  private void assertCode(Code want, Call.Builder call) throws Exception {
    pair.call(call);
    Result result = pair.result();
    assertEquals(want.value(), result.getStatus(), result::toString);
  }
}
