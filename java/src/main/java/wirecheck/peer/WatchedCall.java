package wirecheck.peer;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;

/**
 * An interceptor for one call: it adds the call's metadata and notes what comes of it, which is how
 * users of stubs do both.
 */
final class WatchedCall implements ClientInterceptor {
  private final Metadata metadata;
  private final Progress progress;
  private final Runnable closed;
  private ClientCall<?, ?> call;
  private boolean handedOver;
  private boolean cancelled;
  private volatile boolean compresses = true;
  private Metadata leading = new Metadata();
  private Metadata trailing = new Metadata();

  /**
   * @param closed is told when the library has closed the call, before its interface is
   */
  WatchedCall(Metadata metadata, Progress progress, Runnable closed) {
    this.metadata = metadata;
    this.progress = progress;
    this.closed = closed;
  }

  @Override
  public <Q, R> ClientCall<Q, R> interceptCall(
      MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
    return new Watching<>(next.newCall(method, options), method.getType().clientSendsOneMessage());
  }

  /**
   * Cancels the call, or sees to it that it is cancelled as soon as the library has all of it: a
   * stub fails when its call is cancelled between its start and its request.
   */
  void cancel() {
    synchronized (this) {
      cancelled = true;
      if (!handedOver) {
        return;
      }
    }
    call.cancel("cancelled by the harness", null);
  }

  /** Says whether the messages that follow are compressed, if those of the call are at all. */
  void compress(boolean wanted) {
    compresses = wanted;
  }

  /** Says whether the call was cancelled from this side. */
  synchronized boolean cancelled() {
    return cancelled;
  }

  synchronized Metadata leading() {
    return leading;
  }

  synchronized Metadata trailing() {
    return trailing;
  }

  private void handOver(ClientCall<?, ?> whole) {
    boolean cancelNow;
    synchronized (this) {
      call = whole;
      handedOver = true;
      cancelNow = cancelled;
    }
    progress.happen(Progress.BEGUN);
    if (cancelNow) {
      cancel();
    }
  }

  private synchronized void cameFirst(Metadata headers) {
    leading = headers;
  }

  private synchronized void cameLast(Metadata trailers) {
    trailing = trailers;
  }

  private final class Watching<Q, R> extends SimpleForwardingClientCall<Q, R> {
    private final boolean oneRequest;

    Watching(ClientCall<Q, R> given, boolean oneRequest) {
      super(given);
      this.oneRequest = oneRequest;
    }

    @Override
    public void start(Listener<R> listener, Metadata headers) {
      headers.merge(metadata);
      super.start(new WatchingListener<>(listener), headers);
      if (!oneRequest) {
        handOver(delegate());
      }
    }

    @Override
    public void sendMessage(Q message) {
      super.setMessageCompression(compresses);
      super.sendMessage(message);
    }

    @Override
    public void halfClose() {
      super.halfClose();
      if (oneRequest) {
        handOver(delegate());
      }
    }
  }

  private final class WatchingListener<R> extends SimpleForwardingClientCallListener<R> {
    WatchingListener(ClientCall.Listener<R> given) {
      super(given);
    }

    @Override
    public void onHeaders(Metadata headers) {
      cameFirst(headers);
      super.onHeaders(headers);
      progress.happen(Progress.HEADERS);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      cameLast(trailers);
      closed.run();
      super.onClose(status, trailers);
    }
  }
}
