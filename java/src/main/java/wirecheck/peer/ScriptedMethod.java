package wirecheck.peer;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import wirecheck.v1.Peer.Listen;
import wirecheck.v1.Peer.MethodScripts;
import wirecheck.v1.Peer.Script;
import wirecheck.v1.Peer.Step;

/** A method that follows scripts: checked when a listener is opened, then taken call by call. */
record ScriptedMethod(
    String path,
    boolean streamsRequests,
    boolean streamsResponses,
    Message requestType,
    Message responseType,
    List<Script> scripts) {

  private static final int MAX_CODE = 16;

  /** Gives the scripted methods of a listener by their paths. */
  static Map<String, ScriptedMethod> of(Listen order) {
    Map<String, ScriptedMethod> methods = new HashMap<>();
    for (MethodScripts given : order.getScriptsList()) {
      ScriptedMethod method = newMethod(given, order.getDescriptorSet());
      if (methods.put(given.getMethod(), method) != null) {
        throw new CouldNotTryException("two lists of scripts have the same path");
      }
    }
    return methods;
  }

  /** Gives the script of the call that {@code earlier} calls came before; the last one repeats. */
  Script script(int earlier) {
    return scripts.get(Math.min(earlier, scripts.size() - 1));
  }

  /**
   * Gives an inbox for the current call, whose script is not known before its handler is entered.
   */
  Inbox newInbox() {
    return new Inbox(scripts.stream().anyMatch(Script::getWhole), CompressedFlags.ofCurrentCall());
  }

  /** Gives what generated code would describe the method with. */
  MethodDescriptor<Object, Object> descriptor() {
    return MethodDescriptor.<Object, Object>newBuilder()
        .setType(Shapes.methodType(streamsRequests, streamsResponses))
        .setFullMethodName(path.substring(1))
        .setRequestMarshaller(new Codec(requestType, Refusals::tell))
        .setResponseMarshaller(new Codec(responseType, Refusals::tell))
        .build();
  }

  private static ScriptedMethod newMethod(MethodScripts given, ByteString descriptorSet) {
    if (!Shapes.isShape(given.getShape())) {
      throw new CouldNotTryException(given.getMethod() + " has no shape: " + given.getShapeValue());
    }
    if (given.getScriptsList().isEmpty()) {
      throw new CouldNotTryException(given.getMethod() + " has no script");
    }
    if (!given.getMethod().startsWith("/")) {
      throw new CouldNotTryException(
          "grpc-java has no route to the path \"" + given.getMethod() + "\"");
    }
    ScriptedMethod method =
        new ScriptedMethod(
            given.getMethod(),
            Shapes.streamsRequests(given.getShape()),
            Shapes.streamsResponses(given.getShape()),
            MessageTypes.find(given.getRequestType(), descriptorSet),
            MessageTypes.find(given.getResponseType(), descriptorSet),
            given.getScriptsList());
    method.scripts.forEach(method::check);
    return method;
  }

  private void check(Script script) {
    Features.demandSteps(script.getSendList(), Features.SERVER, Features.SERVER_SEND);
    Features.demandSteps(script.getReceiveList(), Features.SERVER, Features.SERVER_RECEIVE);
    List<Integer> payloads = Payloads.steps(script.getSendList());
    if (payloads.size() > 1 && !streamsResponses) {
      throw new CouldNotTryException(
          path + " has one response and a script with " + payloads.size());
    }
    for (int number : payloads) {
      // Built for its errors: a handler has no way to say that its script cannot be followed.
      Payloads.outgoing(script.getSend(number - 1), responseType);
    }
    script.getSendList().forEach(ScriptedMethod::checkStep);
    script.getReceiveList().forEach(ScriptedMethod::checkStep);
  }

  private static void checkStep(Step step) {
    if (step.hasStatus()) {
      int code = step.getStatus().getCode();
      if (Integer.compareUnsigned(code, MAX_CODE) > 0) {
        throw new CouldNotTryException(
            "grpc-java has no status code " + Integer.toUnsignedString(code));
      }
      MetadataEntries.trailing(step.getStatus());
    }
    if (step.hasHeaders()) {
      MetadataEntries.toMetadata(step.getHeaders().getMetadataList());
    }
  }

  /** Gives the status of a step that has one. */
  static Status status(Step step) {
    Status status = Status.fromCodeValue(step.getStatus().getCode());
    String message = step.getStatus().getMessage();
    return message.isEmpty() ? status : status.withDescription(message);
  }
}
