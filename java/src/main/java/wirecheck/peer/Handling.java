package wirecheck.peer;

import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.util.OptionalInt;
import java.util.concurrent.TimeoutException;
import wirecheck.v1.Peer.CallEnd;
import wirecheck.v1.Peer.Step;

/**
 * The frame around a handler: {@code Began} when it is entered, {@code Handled} when it is left.
 *
 * <p>It takes the place of the handler's call, so that the end that the handler gives it is seen.
 * It can be used by any thread, which grpc-java's own call cannot, and lets nothing through after
 * its end.
 */
final class Handling<Q, R> extends SimpleForwardingServerCall<Q, R> {
  private final HandlerRecord record;
  private final Register register;
  private final Context context = Context.current(); // grpc-java's own, for this call.
  private final Progress progress = new Progress();
  private int earlier;
  private boolean sentHeaders;
  private boolean closed;
  private boolean aborted;

  Handling(ServerCall<Q, R> given, HandlerRecord record, Register register) {
    super(given);
    this.record = record;
    this.register = register;
  }

  HandlerRecord record() {
    return record;
  }

  Progress progress() {
    return progress;
  }

  /** Gives how many calls of the method were entered before this one. */
  int earlier() {
    return earlier;
  }

  /** Enters the handler; false if it must not run. */
  boolean enter(Metadata headers) {
    OptionalInt number = register.enter(record, headers, this::abort);
    if (number.isEmpty()) {
      close(Status.UNAVAILABLE.withDescription("the listener is closed"), new Metadata());
      return false;
    }
    earlier = number.getAsInt();
    context.addListener(ended -> progress.end(), Runnable::run);
    return true;
  }

  /** A step was reached. */
  void reached(Step step) {
    register.reached(record, step);
  }

  /** Says whether grpc-java has ended the call while the handler ran. */
  boolean cutOff() {
    return context.isCancelled();
  }

  /** Leaves a handler that does not answer any more: grpc-java has ended its call. */
  void leaveCutOff() {
    Throwable cause = context.cancellationCause();
    record.detail(cause == null ? "" : Text.words(cause));
    leave(
        cause instanceof TimeoutException ? CallEnd.CALL_END_DEADLINE : CallEnd.CALL_END_CANCELLED);
  }

  /** Leaves a handler that throws. */
  void leavePanicking() {
    leave(CallEnd.CALL_END_PANICKED);
  }

  private void leave(CallEnd end) {
    register.leave(record, end);
    progress.end();
  }

  private void abort() {
    synchronized (this) {
      aborted = true;
    }
    close(Status.CANCELLED.withDescription("aborted by the harness"), new Metadata());
  }

  @Override
  public synchronized void sendHeaders(Metadata headers) {
    if (!closed) {
      sentHeaders = true;
      super.sendHeaders(headers);
    }
  }

  @Override
  public synchronized void sendMessage(R message) {
    if (closed) {
      return;
    }
    if (!sentHeaders) {
      sendHeaders(new Metadata());
    }
    super.sendMessage(message);
  }

  /** Sends a message that can be an exception from the compression of its call. */
  synchronized void sendMessage(R message, boolean compressed) {
    setMessageCompression(compressed);
    sendMessage(message);
  }

  @Override
  public synchronized void close(Status status, Metadata trailers) {
    if (closed) {
      return;
    }
    closed = true;
    if (cutOff()) {
      leaveCutOff();
    } else {
      leave(aborted ? CallEnd.CALL_END_CANCELLED : CallEnd.CALL_END_RETURNED);
    }
    super.close(status, trailers);
  }
}
