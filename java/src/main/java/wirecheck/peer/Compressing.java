package wirecheck.peer;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/**
 * Has the responses of a server compressed.
 *
 * <p>grpc-java leaves those to a client alone that does not accept the coding, and lets a handler
 * except messages of its call.
 */
final class Compressing implements ServerInterceptor {
  private final String coding;

  /**
   * @param coding by its name in {@code grpc-encoding}
   */
  Compressing(String coding) {
    this.coding = coding;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    call.setCompression(coding);
    return next.startCall(call, headers);
  }
}
