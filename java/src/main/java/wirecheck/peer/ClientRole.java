package wirecheck.peer;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import wirecheck.v1.Peer.Abort;
import wirecheck.v1.Peer.Call;
import wirecheck.v1.Peer.Close;
import wirecheck.v1.Peer.Closed;
import wirecheck.v1.Peer.FromPeer;
import wirecheck.v1.Peer.Open;
import wirecheck.v1.Peer.Opened;
import wirecheck.v1.Peer.Ready;
import wirecheck.v1.Peer.ToPeer;

/** The client role: channels, and the calls on them. */
final class ClientRole implements Role {
  static final int MAX_CALLS = 1_000;

  /** For all channels, or all servers, together. */
  static final Duration STOP_LIMIT = Duration.ofSeconds(1);

  /** A channel, and the options that grpc-java takes with each call. */
  private record Opening(ManagedChannel channel, CallOptions options) {}

  private final EventWriter events;
  private final Latches latches = new Latches();
  private final ExecutorService threads = Threads.pool("call");
  private final Map<Long, Opening> channels = new HashMap<>();
  private final Map<Long, RunningCall> calls = new HashMap<>();

  ClientRole(EventWriter events) {
    this.events = events;
  }

  @Override
  public Ready.Builder ready() {
    return Ready.newBuilder().addAllFeatures(Features.CLIENT).setMaxCalls(MAX_CALLS);
  }

  @Override
  public void begin(ToPeer order) {
    switch (order.getOrderCase()) {
      case OPEN -> open(order.getOpen());
      case CLOSE -> close(order.getClose());
      case CALL -> call(order.getCall());
      case ABORT -> abort(order.getAbort());
      case RELEASE -> latches.release(order.getRelease().getScope(), order.getRelease().getName());
      case END_SCOPE -> latches.endScope(order.getEndScope().getScope());
      default -> throw new IllegalStateException("no order of a client: " + order.getOrderCase());
    }
  }

  /** Makes a channel, which does not connect yet. */
  private synchronized void open(Open order) {
    Features.demand(order.getRequiresList(), Features.CLIENT);
    ChannelSettings settings = ChannelSettings.of(order);
    Opening opening = new Opening(settings.build(), settings.callOptions());
    channels.put(order.getChannel(), opening);
    Opened.Builder opened = Opened.newBuilder().setChannel(order.getChannel());
    events.send(FromPeer.newBuilder().setOpened(opened));
  }

  /** Lets go of a channel, which may take its time. */
  private synchronized void close(Close order) {
    Opening opening = channels.remove(order.getChannel());
    if (opening == null) {
      throw noChannel(order.getChannel());
    }
    threads.execute(
        () -> {
          shutDown(List.of(opening), STOP_LIMIT);
          Closed.Builder closed = Closed.newBuilder().setChannel(order.getChannel());
          events.send(FromPeer.newBuilder().setClosed(closed));
        });
  }

  /** Begins a call. */
  private synchronized void call(Call order) {
    Plan plan = Plan.of(order);
    Opening opening = channels.get(order.getChannel());
    if (opening == null) {
      throw noChannel(order.getChannel());
    }
    if (calls.size() >= MAX_CALLS) {
      throw new CouldNotTryException(MAX_CALLS + " calls are running already");
    }
    RunningCall call =
        new RunningCall(order, plan, new RunningCall.Surroundings(latches, events, threads));
    calls.put(order.getCall(), call);
    threads.execute(() -> run(call, opening));
  }

  private void run(RunningCall call, Opening opening) {
    call.run(opening.channel, opening.options);
    synchronized (this) {
      calls.remove(call.number());
    }
  }

  /** Cancels a call; one that has ended already is left alone. */
  private void abort(Abort order) {
    RunningCall call;
    synchronized (this) {
      call = calls.get(order.getCall());
    }
    if (call != null) {
      call.abort();
    }
  }

  @Override
  public void stop() {
    List<RunningCall> running;
    List<Opening> open;
    synchronized (this) {
      running = List.copyOf(calls.values());
      open = List.copyOf(channels.values());
    }
    running.forEach(RunningCall::abort);
    shutDown(open, STOP_LIMIT);
  }

  private static void shutDown(List<Opening> open, Duration limit) {
    open.forEach(opening -> opening.channel.shutdownNow());
    long deadline = System.nanoTime() + limit.toNanos();
    try {
      for (Opening opening : open) {
        opening.channel.awaitTermination(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      }
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    }
  }

  private static CouldNotTryException noChannel(long number) {
    return new CouldNotTryException("there is no channel " + Long.toUnsignedString(number));
  }
}
