package wirecheck.peer;

import grpc.testing.Messages.PayloadType;
import grpc.testing.Messages.ResponseParameters;
import grpc.testing.Messages.StreamingOutputCallRequest;
import grpc.testing.Messages.StreamingOutputCallResponse;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The responses of a test service that a stream still owes. They are made when the line can take
 * them, so that a client that does not read fills no memory.
 *
 * <p>grpc-java calls it in one thread at a time.
 */
final class ResponseQueue {
  private final ServerCallStreamObserver<StreamingOutputCallResponse> responses;
  private final Context context = Context.current();
  private final Queue<Runnable> owed = new ArrayDeque<>();
  private Runnable afterwards = () -> {}; // When nothing is owed.
  private boolean over;

  ResponseQueue(StreamObserver<StreamingOutputCallResponse> given) {
    responses = (ServerCallStreamObserver<StreamingOutputCallResponse>) given;
    responses.setOnReadyHandler(this::pay);
    responses.setOnCancelHandler(() -> over = true);
  }

  /** Adds what a request asks for. */
  void add(StreamingOutputCallRequest request) {
    owed.add(() -> TestService.echoStatus(request.getResponseStatus()));
    PayloadType type = request.getResponseType();
    for (ResponseParameters wanted : request.getResponseParametersList()) {
      owed.add(() -> respond(type, wanted));
    }
  }

  /** No request follows: ends the call when all is sent. */
  void end() {
    afterwards =
        () -> {
          over = true;
          responses.onCompleted();
        };
    pay();
  }

  /** Takes requests one by one, each when the one before it is answered. */
  StreamObserver<StreamingOutputCallRequest> answering() {
    responses.disableAutoRequest();
    responses.request(1);
    return new Requests(true);
  }

  /** Takes all requests before the first is answered. */
  StreamObserver<StreamingOutputCallRequest> answeringAtTheEnd() {
    return new Requests(false);
  }

  private final class Requests implements StreamObserver<StreamingOutputCallRequest> {
    private final boolean atOnce;

    Requests(boolean atOnce) {
      this.atOnce = atOnce;
    }

    @Override
    public void onNext(StreamingOutputCallRequest request) {
      // What it carries is not needed for the answer.
      add(request.toBuilder().clearPayload().build());
      if (atOnce) {
        afterwards = this::requestAnother;
        pay();
      }
    }

    @Override
    public void onError(Throwable cancelled) {
      over = true;
    }

    @Override
    public void onCompleted() {
      end();
    }

    private void requestAnother() {
      afterwards = () -> {};
      responses.request(1);
    }
  }

  private void pay() {
    try {
      // Only a response needs room, but what comes before one can wait for it as well.
      while (!over && !owed.isEmpty() && responses.isReady()) {
        owed.remove().run();
      }
    } catch (StatusRuntimeException error) {
      over = true;
      responses.onError(error);
    }
    if (!over && owed.isEmpty()) {
      afterwards.run();
    }
  }

  private void respond(PayloadType type, ResponseParameters wanted) {
    StreamingOutputCallResponse response =
        StreamingOutputCallResponse.newBuilder()
            .setPayload(TestService.newPayload(type, wanted.getSize()))
            .build();
    pause(wanted.getIntervalUs());
    TestService.compress(responses, wanted.getCompressed().getValue());
    responses.onNext(response);
  }

  /** Waits for as long as the request says, or until the call ends. */
  private void pause(int microseconds) {
    if (microseconds <= 0) {
      return;
    }
    CountDownLatch cancelled = new CountDownLatch(1);
    context.addListener(ended -> cancelled.countDown(), Runnable::run);
    try {
      over = cancelled.await(microseconds, TimeUnit.MICROSECONDS) || over;
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    }
  }
}
