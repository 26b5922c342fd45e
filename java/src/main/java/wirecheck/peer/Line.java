package wirecheck.peer;

import io.grpc.ClientCall;
import io.grpc.stub.ClientCallStreamObserver;

/** The sending side of a stream, by whichever of grpc-java's interfaces. */
interface Line {
  /** Says whether a message would go out at once, and not only be kept for later. */
  boolean isReady();

  void send(Object message);

  void halfClose();

  /** Asks for one message more. */
  void request();

  /** The interface of asynchronous stubs. */
  static Line of(ClientCallStreamObserver<Object> observer) {
    return new Line() {
      @Override
      public boolean isReady() {
        return observer.isReady();
      }

      @Override
      public void send(Object message) {
        observer.onNext(message);
      }

      @Override
      public void halfClose() {
        observer.onCompleted();
      }

      @Override
      public void request() {
        observer.request(1);
      }
    };
  }

  /** The most general interface. */
  static Line of(ClientCall<Object, Object> call) {
    return new Line() {
      @Override
      public boolean isReady() {
        return call.isReady();
      }

      @Override
      public void send(Object message) {
        call.sendMessage(message);
      }

      @Override
      public void halfClose() {
        call.halfClose();
      }

      @Override
      public void request() {
        call.request(1);
      }
    };
  }
}
