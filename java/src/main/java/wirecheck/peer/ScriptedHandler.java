package wirecheck.peer;

import com.google.protobuf.Message;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import wirecheck.v1.Peer.RequestEnd;
import wirecheck.v1.Peer.Script;
import wirecheck.v1.Peer.Step;

/**
 * Follows a script, each lane in a thread of its own.
 *
 * <p>What grpc-java tells comes in its own threads and wakes whatever waits.
 */
final class ScriptedHandler {
  /** What a listener has for all of its handlers. */
  record Surroundings(Latches latches, String scope, Executor threads) {}

  private final ScriptedMethod method;
  private final Script script;
  private final Handling<Object, Object> handling;
  private final Surroundings listener;
  private final Progress progress;
  private final Mailbox mailbox;
  private Step ending; // The step that ends the call.
  private Throwable failure; // What a lane ran into.
  private volatile PanicException panicking;

  ScriptedHandler(ScriptedMethod method, Handling<Object, Object> handling, Surroundings listener) {
    this.method = method;
    this.script = method.script(handling.earlier());
    this.handling = handling;
    this.listener = listener;
    this.progress = handling.progress();
    this.mailbox = new Mailbox(progress);
    handling.record().whole(script.getWhole());
    Refusals.listen(this::refuse);
  }

  /**
   * Follows the script of a call with one request.
   *
   * <p>A script that panics is followed in grpc-java's thread, as a blocking handler would be: only
   * there is caught what a handler throws.
   */
  void handle(Object request, ServerCallStreamObserver<Object> responses) {
    responses.setOnCancelHandler(progress::wake);
    responses.setOnReadyHandler(progress::wake);
    handling.record().inbox().note((Message) request);
    if (panics()) {
      respond();
      throwIfPanicking();
    } else {
      listener.threads.execute(this::respond);
    }
  }

  /** Follows the script of a call with a stream of requests, of which it gives the receiver. */
  StreamObserver<Object> handle(ServerCallStreamObserver<Object> responses) {
    responses.disableAutoRequest();
    responses.setOnCancelHandler(progress::wake);
    responses.setOnReadyHandler(
        () -> {
          throwIfPanicking();
          progress.wake();
        });
    listener.threads.execute(this::respond);
    return new Requests();
  }

  /** The requests of a stream. */
  private final class Requests implements StreamObserver<Object> {
    @Override
    public void onNext(Object message) {
      throwIfPanicking();
      mailbox.deliver(message);
    }

    @Override
    public void onCompleted() {
      throwIfPanicking();
      mailbox.end();
    }

    @Override
    public void onError(Throwable cancelled) {
      progress.wake(); // The end of the call's context says more, see `Handling`.
    }
  }

  /** Runs both lanes, and ends the call. */
  private void respond() {
    CompletableFuture<Void> receiving =
        CompletableFuture.runAsync(() -> attempt(this::receiveLane), listener.threads);
    attempt(this::sendLane);
    receiving.join();
    finish();
  }

  /** Runs a lane; its failure is the peer's and ends the call. */
  private void attempt(Runnable lane) {
    try {
      lane.run();
    } catch (RuntimeException error) {
      synchronized (this) {
        failure = failure == null ? error : failure;
      }
      progress.end();
    }
  }

  private void refuse(Throwable error) {
    handling.record().inbox().refuse(error);
    progress.end();
  }

  private boolean panics() {
    return script.getSendList().stream().anyMatch(Step::hasPanic)
        || script.getReceiveList().stream().anyMatch(Step::hasPanic);
  }

  // ---------------------------------------------------------------- the lanes

  private void sendLane() {
    for (Step step : script.getSendList()) {
      if (progress.over() || !sendStep(step)) {
        return;
      }
      done(step);
    }
  }

  private boolean sendStep(Step step) {
    return switch (step.getKindCase()) {
      case MESSAGE, RAW ->
          send(Payloads.outgoing(step, method.responseType()), !step.getUncompressed());
      case HEADERS -> {
        handling.sendHeaders(MetadataEntries.toMetadata(step.getHeaders().getMetadataList()));
        yield true;
      }
      default -> eitherStep(step);
    };
  }

  private boolean send(Object message, boolean compressed) {
    // Otherwise grpc-java keeps any number of messages that the line cannot take yet. It does not
    // tell a handler in its own thread that the line can.
    if (!panics() && !progress.awaitThat(handling::isReady)) {
      return false;
    }
    handling.sendMessage(message, compressed);
    return true;
  }

  private void receiveLane() {
    for (Step step : script.getReceiveList()) {
      if (progress.over() || !receiveStep(step)) {
        return;
      }
      done(step);
    }
  }

  private boolean receiveStep(Step step) {
    if (step.hasReceive()) {
      return receive(Integer.toUnsignedLong(step.getReceive().getCount()));
    }
    return eitherStep(step);
  }

  /** Receives so many messages, or all. */
  private boolean receive(long count) {
    if (!method.streamsRequests()) {
      return true;
    }
    long wanted = count == 0 ? Long.MAX_VALUE : count;
    for (long received = 0; received < wanted; received++) {
      if (!mailbox.atEnd()) {
        handling.request(1);
      }
      Optional<Message> message = mailbox.next();
      if (message.isEmpty()) {
        return endOfRequests();
      }
      handling.record().inbox().note(message.get());
    }
    return true;
  }

  private boolean endOfRequests() {
    HandlerRecord record = handling.record();
    if (mailbox.atEnd()) {
      record.requestEnd(RequestEnd.REQUEST_END_HALF_CLOSED);
      return true;
    }
    if (record.inbox().hasRefused()) {
      record.requestEnd(RequestEnd.REQUEST_END_ERROR);
    } else if (handling.cutOff()) {
      record.requestEnd(RequestEnd.REQUEST_END_CANCELLED);
    }
    return false;
  }

  private boolean eitherStep(Step step) {
    if (step.hasWait()) {
      handling.reached(step);
      return progress.awaitStep(step.getWait(), listener.latches, listener.scope);
    }
    synchronized (this) {
      ending = ending == null ? step : ending;
    }
    done(step);
    progress.end();
    return false;
  }

  private void done(Step step) {
    if (!step.hasWait()) {
      handling.reached(step);
    }
    if (!step.getName().isEmpty()) {
      progress.happen(Progress.stepDone(step.getName()));
    }
  }

  // ---------------------------------------------------------------- the end

  private synchronized void finish() {
    if (handling.record().inbox().hasRefused() || handling.cutOff()) {
      handling.leaveCutOff();
    } else if (failure != null) {
      handling.record().detail(Text.words(failure));
      handling.close(Status.fromThrowable(failure), new Metadata());
    } else if (ending == null) {
      handling.close(Status.OK, new Metadata());
    } else if (ending.hasPanic()) {
      panic(ending.getPanic().getMessage());
    } else {
      handling.close(ScriptedMethod.status(ending), MetadataEntries.trailing(ending.getStatus()));
    }
  }

  /** Throws at the next occasion that grpc-java gives. */
  private void panic(String message) {
    panicking = new PanicException(message);
    handling.leavePanicking();
    if (method.streamsRequests()) {
      handling.request(1);
    }
  }

  private void throwIfPanicking() {
    PanicException thrown = panicking;
    if (thrown != null) {
      throw thrown;
    }
  }
}
