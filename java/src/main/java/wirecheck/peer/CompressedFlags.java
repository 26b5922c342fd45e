package wirecheck.peer;

import io.grpc.CallOptions;
import io.grpc.ClientStreamTracer;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * The Compressed-Flags of the messages that one call receives, in their order.
 *
 * <p>grpc-java shows them to no handler and to no caller. But it tells a tracer of the call, for
 * each message and before anybody has it, how many bytes came in and how many they are when they
 * are decompressed. Of a message that came as it is both are the same; of a compressed one the
 * second is not known yet.
 */
final class CompressedFlags {
  private static final Context.Key<CompressedFlags> OF_CALL = Context.key("wirecheck-flags");

  // Of messages that nobody has taken yet: no more than were asked for.
  private final Queue<Boolean> arrived = new ConcurrentLinkedQueue<>();
  private volatile boolean latest;

  /** Gives those of the call that is being handled, if its server has a tracer for them. */
  static CompressedFlags ofCurrentCall() {
    CompressedFlags flags = OF_CALL.get();
    return flags == null ? new CompressedFlags() : flags;
  }

  /** Gives what has every call of a server traced. */
  static ServerStreamTracer.Factory ofServer() {
    return new ServerStreamTracer.Factory() {
      @Override
      public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
        return new OfRequests(new CompressedFlags());
      }
    };
  }

  /** Has a call of a client traced. */
  CallOptions trace(CallOptions options) {
    return options.withStreamTracerFactory(
        new ClientStreamTracer.Factory() {
          @Override
          public ClientStreamTracer newClientStreamTracer(
              ClientStreamTracer.StreamInfo info, Metadata headers) {
            return new OfResponses(CompressedFlags.this);
          }
        });
  }

  /** Takes the flag of the next message; empty if nobody was told of it. */
  Optional<Boolean> next() {
    Optional<Boolean> next = Optional.ofNullable(arrived.poll());
    next.ifPresent(flag -> latest = flag);
    return next;
  }

  /** Gives the flag that was taken last. */
  boolean latest() {
    return latest;
  }

  /**
   * Notes a message.
   *
   * @param wireSize bytes
   * @param decompressedSize bytes, or -1
   */
  void arrive(long wireSize, long decompressedSize) {
    arrived.add(wireSize != decompressedSize);
  }

  private static final class OfRequests extends ServerStreamTracer {
    private final CompressedFlags flags;

    OfRequests(CompressedFlags flags) {
      this.flags = flags;
    }

    @Override
    public Context filterContext(Context context) {
      return context.withValue(OF_CALL, flags);
    }

    @Override
    public void inboundMessageRead(int number, long wireSize, long decompressedSize) {
      flags.arrive(wireSize, decompressedSize);
    }
  }

  private static final class OfResponses extends ClientStreamTracer {
    private final CompressedFlags flags;

    OfResponses(CompressedFlags flags) {
      this.flags = flags;
    }

    @Override
    public void inboundMessageRead(int number, long wireSize, long decompressedSize) {
      flags.arrive(wireSize, decompressedSize);
    }
  }
}
