package wirecheck.peer;

import com.google.protobuf.Message;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import wirecheck.v1.Peer.Api;
import wirecheck.v1.Peer.Call;
import wirecheck.v1.Peer.Step;

/**
 * A call that can be carried out: what a client must know of it before it begins.
 *
 * @param throughStubs whether it goes through the interface for its shape, as generated stubs do
 * @param bearerToken empty for none
 * @param timeout in nanoseconds
 * @param halfCloseAfter the step of the send lane, from 1; 0 is the end of the lane
 */
record Plan(
    boolean throughStubs,
    MethodType type,
    Message requestType,
    Message responseType,
    Metadata metadata,
    String bearerToken,
    OptionalLong timeout,
    int halfCloseAfter) {

  /** Checks an order in full, so that nothing is found lacking in the middle of a call. */
  static Plan of(Call order) {
    demandAll(order);
    boolean mostGeneral = isStreamApi(order.getApi(), order.getApiValue());
    if (!Shapes.isShape(order.getShape())) {
      throw new CouldNotTryException("the call has no shape: " + order.getShapeValue());
    }
    checkPath(order.getMethod());
    boolean streamsRequests = mostGeneral || Shapes.streamsRequests(order.getShape());
    boolean streamsResponses = mostGeneral || Shapes.streamsResponses(order.getShape());
    return new Plan(
        !mostGeneral,
        Shapes.methodType(streamsRequests, streamsResponses),
        MessageTypes.find(order.getRequestType(), order.getDescriptorSet()),
        MessageTypes.find(order.getResponseType(), order.getDescriptorSet()),
        MetadataEntries.toMetadata(order.getMetadataList()),
        order.getBearerToken(),
        timeout(order),
        halfCloseAfter(order.getSendList(), streamsRequests));
  }

  /** Says whether the call may send any number of messages. */
  boolean streamsRequests() {
    return !type.clientSendsOneMessage();
  }

  /** Says whether the call may receive any number of messages. */
  boolean streamsResponses() {
    return !type.serverSendsOneMessage();
  }

  /** Says whether responses come as an iterator, as a blocking stub gives them. */
  boolean iterates() {
    return throughStubs && type == MethodType.SERVER_STREAMING;
  }

  /** Gives what generated code would describe the method with. */
  MethodDescriptor<Object, Object> method(String path, Inbox inbox) {
    return MethodDescriptor.<Object, Object>newBuilder()
        .setType(type)
        .setFullMethodName(path.substring(1))
        .setRequestMarshaller(new Codec(requestType, inbox::refuse))
        .setResponseMarshaller(new Codec(responseType, inbox::refuse))
        .build();
  }

  /** Gives the options of a call that begins now. */
  CallOptions callOptions(CallOptions ofChannel) {
    CallOptions options =
        bearerToken.isEmpty()
            ? ofChannel
            : ofChannel.withCallCredentials(new BearerToken(bearerToken));
    return timeout.isPresent()
        ? options.withDeadlineAfter(timeout.getAsLong(), TimeUnit.NANOSECONDS)
        : options;
  }

  private static void demandAll(Call order) {
    Features.demand(order.getRequiresList(), Features.CLIENT);
    Features.demandSteps(order.getSendList(), Features.CLIENT, Features.CLIENT_SEND);
    Features.demandSteps(order.getReceiveList(), Features.CLIENT, Features.CLIENT_RECEIVE);
  }

  private static boolean isStreamApi(Api api, int value) {
    if (api == Api.UNRECOGNIZED) {
      throw new UnsupportedException("api-" + value);
    }
    return api == Api.API_STREAM;
  }

  /** grpc-java puts the slash at the front itself. */
  private static void checkPath(String path) {
    if (!path.startsWith("/")) {
      throw new CouldNotTryException("grpc-java can send no path like \"" + path + "\"");
    }
  }

  private static OptionalLong timeout(Call order) {
    if (!order.hasTimeoutNs()) {
      return OptionalLong.empty();
    }
    // What is above 2^63 is negative here.
    long given = order.getTimeoutNs();
    return OptionalLong.of(given < 0 ? Long.MAX_VALUE : given);
  }

  private static int halfCloseAfter(List<Step> send, boolean takesStream) {
    List<Integer> payloads = Payloads.steps(send);
    if (!takesStream && payloads.size() != 1) {
      throw new CouldNotTryException(
          "a call with one request has " + payloads.size() + " messages to send");
    }
    int last = payloads.isEmpty() ? 0 : payloads.get(payloads.size() - 1);
    int halfClose = 0;
    for (int number = 1; number <= send.size(); number++) {
      if (!send.get(number - 1).hasHalfClose()) {
        continue;
      }
      if (halfClose != 0 || number < last) {
        throw new CouldNotTryException(
            "a half_close step stands before a message or another half_close");
      }
      halfClose = number;
    }
    return halfClose == 0 ? last : halfClose;
  }
}
