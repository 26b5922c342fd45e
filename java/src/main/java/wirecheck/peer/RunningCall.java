package wirecheck.peer;

import com.google.protobuf.Message;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import wirecheck.v1.Peer.Call;
import wirecheck.v1.Peer.Step;

/**
 * One call of a client, and its two lanes.
 *
 * <p>The send lane has a thread of its own, the receive lane runs in the thread of the call, and
 * what grpc-java tells wakes whatever waits.
 */
final class RunningCall {
  /** What a client has for all of its calls. */
  record Surroundings(Latches latches, EventWriter events, Executor threads) {}

  private final Call order;
  private final Plan plan;
  private final Surroundings client;
  private final CompressedFlags flags = new CompressedFlags();
  private final Inbox inbox;
  private final CallRecord record;
  private final Progress progress = new Progress();
  private final Mailbox mailbox = new Mailbox(progress);
  private final WatchedCall watched;
  private boolean hasBegun;
  private volatile Line line; // Of a call that streams requests; null before it has begun.
  // Of a call through a stub that streams only responses.
  private final CompletableFuture<Iterator<Object>> responses = new CompletableFuture<>();
  private Status status; // Null until it is known.
  private Throwable failure; // Why the peer itself could not go on.

  RunningCall(Call order, Plan plan, Surroundings client) {
    this.order = order;
    this.plan = plan;
    this.client = client;
    this.inbox = new Inbox(order.getWhole(), flags);
    this.record = new CallRecord(order, inbox, client.events);
    // The end of other calls is told by their interface, with what goes before it.
    Runnable closed = plan.iterates() ? this::end : record::end;
    this.watched = new WatchedCall(plan.metadata(), progress, closed);
  }

  long number() {
    return order.getCall();
  }

  /** Makes the call and reports it. */
  void run(Channel channel, CallOptions options) {
    client.threads.execute(() -> attempt(() -> sendLane(channel, options)));
    attempt(this::receiveLane);
    // The send lane may still hang in a send that nobody waits for any longer.
    progress.end();
    report();
  }

  /** Cancels the call, or keeps it from beginning. */
  void abort() {
    synchronized (this) {
      if (!progress.over()) {
        record.abort();
      }
      if (!hasBegun) {
        progress.end();
      }
    }
    watched.cancel();
  }

  /** Runs a part of the call; its failure is the peer's and ends the call. */
  private void attempt(Runnable part) {
    try {
      part.run();
    } catch (RuntimeException error) {
      // Whatever it is, the harness waits for a report.
      synchronized (this) {
        failure = failure == null ? error : failure;
      }
      watched.cancel();
      responses.cancel(false);
      end();
    }
  }

  private void begin(Channel channel, CallOptions ofChannel, Object message) {
    synchronized (this) {
      if (progress.over()) {
        return;
      }
      hasBegun = true;
      record.begin();
    }
    Channel watching = ClientInterceptors.intercept(channel, watched);
    CallOptions options = flags.trace(plan.callOptions(ofChannel));
    MethodDescriptor<Object, Object> method = plan.method(order.getMethod(), inbox);
    if (!plan.throughStubs()) {
      startStream(watching.newCall(method, options));
      return;
    }
    switch (plan.type()) {
      case UNARY -> invoke(watching, method, options, message);
      case SERVER_STREAMING ->
          responses.complete(
              ClientCalls.blockingServerStreamingCall(watching, method, options, message));
      case CLIENT_STREAMING ->
          ClientCalls.asyncClientStreamingCall(watching.newCall(method, options), new Responses());
      default ->
          ClientCalls.asyncBidiStreamingCall(watching.newCall(method, options), new Responses());
    }
  }

  /** Makes a unary call, in the way of a blocking stub. */
  private void invoke(
      Channel channel,
      MethodDescriptor<Object, Object> method,
      CallOptions options,
      Object message) {
    client.threads.execute(
        () ->
            attempt(
                () -> {
                  try {
                    mailbox.deliver(
                        ClientCalls.blockingUnaryCall(channel, method, options, message));
                    finish(Status.OK);
                  } catch (StatusRuntimeException error) {
                    finish(error.getStatus());
                  }
                }));
  }

  /** Makes any call, in the most general way. */
  private void startStream(ClientCall<Object, Object> call) {
    line = Line.of(call);
    call.start(
        new ClientCall.Listener<Object>() {
          @Override
          public void onMessage(Object message) {
            mailbox.deliver(message);
          }

          @Override
          public void onReady() {
            progress.wake();
          }

          @Override
          public void onClose(Status closed, Metadata trailers) {
            finish(closed);
          }
        },
        new Metadata());
  }

  /** What an asynchronous stub is given: its user takes responses one by one. */
  private final class Responses implements ClientResponseObserver<Object, Object> {
    @Override
    public void beforeStart(ClientCallStreamObserver<Object> requests) {
      requests.disableAutoRequestWithInitial(0);
      requests.setOnReadyHandler(progress::wake);
      line = Line.of(requests);
    }

    @Override
    public void onNext(Object message) {
      mailbox.deliver(message);
    }

    @Override
    public void onError(Throwable error) {
      finish(Status.fromThrowable(error));
    }

    @Override
    public void onCompleted() {
      finish(Status.OK);
    }
  }

  /** The library has said how the call ended. */
  private void finish(Status known) {
    synchronized (this) {
      status = status == null ? known : status;
    }
    end();
  }

  private void end() {
    record.end();
    progress.end();
  }

  // ---------------------------------------------------------------- the lanes

  private void sendLane(Channel channel, CallOptions options) {
    if (plan.streamsRequests()) {
      begin(channel, options, null);
    }
    List<Step> steps = order.getSendList();
    int halfCloseAfter = plan.halfCloseAfter() == 0 ? steps.size() : plan.halfCloseAfter();
    if (steps.isEmpty()) {
      halfClose();
    }
    for (int number = 1; number <= steps.size(); number++) {
      Step step = steps.get(number - 1);
      record.standsAtSend(number);
      if (!sendStep(step, channel, options)) {
        return;
      }
      if (number == halfCloseAfter) {
        halfClose();
      }
      done(step);
    }
  }

  private boolean sendStep(Step step, Channel channel, CallOptions options) {
    return switch (step.getKindCase()) {
      case MESSAGE, RAW -> {
        Object message = Payloads.outgoing(step, plan.requestType());
        watched.compress(!step.getUncompressed());
        yield send(message, channel, options);
      }
      case HALF_CLOSE -> true; // Its place in the lane says when, see the caller.
      default -> eitherStep(step);
    };
  }

  private boolean send(Object message, Channel channel, CallOptions options) {
    if (!plan.streamsRequests()) {
      begin(channel, options, message);
      return true;
    }
    Line sending = line;
    // Otherwise grpc-java keeps any number of messages that the line cannot take yet.
    return sending != null
        && progress.awaitThat(sending::isReady)
        && unlessOver(() -> sending.send(message));
  }

  private void halfClose() {
    Line sending = line;
    if (plan.streamsRequests() && sending != null) {
      unlessOver(sending::halfClose);
    }
  }

  /** grpc-java takes it for a fault when something is sent on a call that was cancelled. */
  private boolean unlessOver(Runnable sending) {
    try {
      if (progress.over() || watched.cancelled()) {
        return false;
      }
      sending.run();
      return true;
    } catch (IllegalStateException error) {
      if (watched.cancelled() || progress.over()) {
        return false;
      }
      throw error;
    }
  }

  private void receiveLane() {
    List<Step> steps = order.getReceiveList();
    for (int number = 1; number <= steps.size(); number++) {
      Step step = steps.get(number - 1);
      record.standsAtReceive(number);
      if (!receiveStep(step)) {
        break;
      }
      done(step);
    }
    receive(0);
  }

  private boolean receiveStep(Step step) {
    return switch (step.getKindCase()) {
      case AWAIT_HEADERS -> progress.await(Progress.HEADERS);
      case RECEIVE -> receive(Integer.toUnsignedLong(step.getReceive().getCount()));
      default -> eitherStep(step);
    };
  }

  /** Receives so many messages, or all; false if the call ended before that. */
  private boolean receive(long count) {
    if (!progress.await(Progress.BEGUN)) {
      return false;
    }
    long wanted = count == 0 ? Long.MAX_VALUE : count;
    for (long received = 0; received < wanted; received++) {
      Optional<Message> message = next();
      if (message.isEmpty()) {
        // Of a call with one response, that one is all.
        return count == 0 || (!plan.streamsResponses() && inbox.count() > 0);
      }
      inbox.note(message.get());
    }
    return true;
  }

  private Optional<Message> next() {
    if (plan.iterates()) {
      return nextOfIterator();
    }
    Line receiving = line;
    if (receiving != null && !progress.over()) {
      receiving.request();
    }
    return mailbox.next();
  }

  private Optional<Message> nextOfIterator() {
    try {
      if (responses.join().hasNext()) {
        return Optional.of((Message) responses.join().next());
      }
      finish(Status.OK);
    } catch (StatusRuntimeException error) {
      finish(error.getStatus());
    }
    return Optional.empty();
  }

  private boolean eitherStep(Step step) {
    if (step.hasWait()) {
      record.reached(step);
      return progress.awaitStep(step.getWait(), client.latches, order.getScope());
    }
    if (!progress.await(Progress.BEGUN)) {
      return false;
    }
    watched.cancel();
    return true;
  }

  private void done(Step step) {
    if (!step.hasWait()) {
      record.reached(step);
    }
    if (!step.getName().isEmpty()) {
      progress.happen(Progress.stepDone(step.getName()));
    }
  }

  // ---------------------------------------------------------------- the report

  private synchronized void report() {
    try {
      reportOutcome();
    } catch (RuntimeException error) {
      // What grpc-java gave cannot be told; without a report the harness would wait.
      record.couldNotTry(error);
    }
  }

  private void reportOutcome() {
    if (failure != null) {
      record.couldNotTry(failure);
    } else if (status == null) {
      record.neverBegan();
    } else {
      record.report(status, watched.leading(), watched.trailing());
    }
  }
}
