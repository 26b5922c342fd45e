package wirecheck.peer;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import wirecheck.v1.Peer.Abort;
import wirecheck.v1.Peer.FromPeer;
import wirecheck.v1.Peer.Listen;
import wirecheck.v1.Peer.Listening;
import wirecheck.v1.Peer.Ready;
import wirecheck.v1.Peer.ShutDown;
import wirecheck.v1.Peer.Shutdown;
import wirecheck.v1.Peer.ToPeer;
import wirecheck.v1.Peer.Unlisten;
import wirecheck.v1.Peer.Unlistened;

/** The server role: listeners. */
final class ServerRole implements Role {
  static final int MAX_HANDLERS = 1_000;
  static final int MAX_LISTENERS = 256;

  /** For handlers to end after their calls were cancelled. */
  private static final Duration UNLISTEN_LIMIT = Duration.ofSeconds(2);

  private final EventWriter events;
  private final Latches latches = new Latches();
  private final ExecutorService threads = Threads.pool("handler");
  private final Map<Long, Listener> listeners = new HashMap<>();

  ServerRole(EventWriter events) {
    this.events = events;
  }

  @Override
  public Ready.Builder ready() {
    return Ready.newBuilder()
        .addAllFeatures(Features.SERVER)
        .setMaxHandlers(MAX_HANDLERS)
        .setMaxListeners(MAX_LISTENERS);
  }

  @Override
  public void begin(ToPeer order) {
    switch (order.getOrderCase()) {
      case LISTEN -> listen(order.getListen());
      case SHUTDOWN -> shutdown(order.getShutdown());
      case UNLISTEN -> unlisten(order.getUnlisten());
      case ABORT -> abort(order.getAbort());
      case RELEASE -> latches.release(order.getRelease().getScope(), order.getRelease().getName());
      case END_SCOPE -> latches.endScope(order.getEndScope().getScope());
      default -> throw new IllegalStateException("no order of a server: " + order.getOrderCase());
    }
  }

  /** Opens a listener. */
  private synchronized void listen(Listen order) {
    Features.demand(order.getRequiresList(), Features.SERVER);
    if (listeners.size() >= MAX_LISTENERS) {
      throw new CouldNotTryException(MAX_LISTENERS + " listeners are open already");
    }
    Listener listener = new Listener(order, events, latches, threads);
    String address = listener.start();
    listeners.put(order.getListener(), listener);
    Listening.Builder listening =
        Listening.newBuilder().setListener(order.getListener()).setAddress(address);
    events.send(FromPeer.newBuilder().setListening(listening));
  }

  /** Shuts a listener down in the middle of a cell. */
  private synchronized void shutdown(Shutdown order) {
    Features.demand(order.getRequiresList(), Features.SERVER);
    Listener listener = find(order.getListener());
    threads.execute(
        () -> {
          listener.stop(Duration.ofMillis(Integer.toUnsignedLong(order.getGraceMs())));
          listener.awaitTermination(UNLISTEN_LIMIT);
          ShutDown.Builder shutDown = ShutDown.newBuilder().setListener(order.getListener());
          events.send(FromPeer.newBuilder().setShutDown(shutDown));
        });
  }

  /** Ends a listener by force. */
  private synchronized void unlisten(Unlisten order) {
    Listener listener = find(order.getListener());
    listeners.remove(order.getListener());
    threads.execute(
        () -> {
          Unlistened.Builder unlistened =
              Unlistened.newBuilder()
                  .setListener(order.getListener())
                  .setStillRunning(listener.end(UNLISTEN_LIMIT));
          events.send(FromPeer.newBuilder().setUnlistened(unlistened));
        });
  }

  /** Cancels every call on a listener. */
  private synchronized void abort(Abort order) {
    Listener listener = listeners.get(order.getListener());
    if (listener != null) {
      listener.register().abortAll();
    }
  }

  @Override
  public void stop() {
    List<Listener> open;
    synchronized (this) {
      open = List.copyOf(listeners.values());
    }
    open.forEach(listener -> listener.stop(Duration.ZERO));
    long deadline = System.nanoTime() + ClientRole.STOP_LIMIT.toNanos();
    open.forEach(
        listener -> listener.awaitTermination(Duration.ofNanos(deadline - System.nanoTime())));
  }

  private Listener find(long number) {
    Listener listener = listeners.get(number);
    if (listener == null) {
      throw new CouldNotTryException("there is no listener " + Long.toUnsignedString(number));
    }
    return listener;
  }
}
