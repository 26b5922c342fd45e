package wirecheck.peer;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * Tells the handler of a call that grpc-java could not decode one of its messages.
 *
 * <p>A marshaller belongs to a method and is not told of which call a message is, and grpc-java
 * itself tells the handler nothing. What they have in common is the context of the call, which a
 * tracer may add to.
 */
final class Refusals extends ServerStreamTracer.Factory {
  private static final Context.Key<AtomicReference<Consumer<Throwable>>> LISTENER =
      Context.key("wirecheck-refusals");

  @Override
  public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
    return new ServerStreamTracer() {
      @Override
      public Context filterContext(Context context) {
        return context.withValue(LISTENER, new AtomicReference<>());
      }
    };
  }

  /** Has somebody told of the messages of the current call. */
  static void listen(Consumer<Throwable> listener) {
    LISTENER.get().set(listener);
  }

  /** Tells who listens to the current call, if anybody does already. */
  static void tell(Throwable error) {
    AtomicReference<Consumer<Throwable>> listener = LISTENER.get();
    if (listener != null && listener.get() != null) {
      listener.get().accept(error);
    }
  }
}
