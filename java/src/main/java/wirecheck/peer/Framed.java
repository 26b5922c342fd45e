package wirecheck.peer;

import com.google.protobuf.Message;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import wirecheck.v1.Peer.RequestEnd;

/** The frame around the handlers of built-in services, which know nothing of it. */
final class Framed implements ServerInterceptor {
  private final long listener;
  private final Register register;

  Framed(long listener, Register register) {
    this.listener = listener;
    this.register = register;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    boolean streamsRequests = !call.getMethodDescriptor().getType().clientSendsOneMessage();
    String path = "/" + call.getMethodDescriptor().getFullMethodName();
    Inbox inbox = new Inbox(false, CompressedFlags.ofCurrentCall());
    HandlerRecord record = new HandlerRecord(listener, path, inbox, streamsRequests);
    Handling<Q, R> handling = new Handling<>(call, record, register);
    if (!streamsRequests) {
      return new OneRequest<>(next.startCall(handling, headers), handling, headers);
    }
    if (!handling.enter(headers)) {
      return new ServerCall.Listener<>() {};
    }
    return new ManyRequests<>(next.startCall(handling, headers), handling);
  }

  /** A handler with one request is entered when generated code has that and its end. */
  private static final class OneRequest<Q> extends SimpleForwardingServerCallListener<Q> {
    private final Handling<Q, ?> handling;
    private final Metadata headers;
    private Message request;

    OneRequest(ServerCall.Listener<Q> given, Handling<Q, ?> handling, Metadata headers) {
      super(given);
      this.handling = handling;
      this.headers = headers;
    }

    @Override
    public void onMessage(Q message) {
      request = (Message) message;
      super.onMessage(message);
    }

    @Override
    public void onHalfClose() {
      if (request != null) {
        if (!handling.enter(headers)) {
          return;
        }
        handling.record().inbox().note(request);
        request = null;
      }
      super.onHalfClose();
    }

    @Override
    public void onCancel() {
      super.onCancel();
      handling.leaveCutOff();
    }
  }

  /** A handler with a stream of requests is entered at once. */
  private static final class ManyRequests<Q> extends SimpleForwardingServerCallListener<Q> {
    private final Handling<Q, ?> handling;
    private boolean halfClosed;

    ManyRequests(ServerCall.Listener<Q> given, Handling<Q, ?> handling) {
      super(given);
      this.handling = handling;
    }

    @Override
    public void onMessage(Q message) {
      handling.record().inbox().note((Message) message);
      super.onMessage(message);
    }

    @Override
    public void onHalfClose() {
      halfClosed = true;
      handling.record().requestEnd(RequestEnd.REQUEST_END_HALF_CLOSED);
      super.onHalfClose();
    }

    @Override
    public void onCancel() {
      if (!halfClosed) {
        handling.record().requestEnd(RequestEnd.REQUEST_END_CANCELLED);
      }
      super.onCancel();
      handling.leaveCutOff();
    }
  }
}
