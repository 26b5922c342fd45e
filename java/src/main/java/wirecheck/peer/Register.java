package wirecheck.peer;

import io.grpc.Metadata;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import wirecheck.v1.Peer.CallEnd;
import wirecheck.v1.Peer.Step;

/**
 * The calls on a listener: their numbers, and who is still running.
 *
 * <p>Under its lock an entry and its {@code Began}, an end and its {@code Handled} are one thing
 * each, so the events come in the order of the numbers and nothing comes after the register was
 * emptied.
 */
final class Register {
  /** A handler that runs, and what cancels its call. */
  private record Entry(HandlerRecord record, Runnable abort) {}

  private final EventWriter events;
  private final Map<String, Integer> methodCounts = new HashMap<>();
  private final Map<Long, Entry> running = new HashMap<>();
  private final CompletableFuture<Void> idle = new CompletableFuture<>();
  private long count;
  private boolean closed;

  Register(EventWriter events) {
    this.events = events;
  }

  /**
   * Enters a handler; gives how many calls of its method were entered before it.
   *
   * @return empty if the listener is closed: the handler must then not run
   */
  synchronized OptionalInt enter(HandlerRecord record, Metadata metadata, Runnable abort) {
    if (closed) {
      return OptionalInt.empty();
    }
    count++;
    int earlier = methodCounts.merge(record.method(), 1, Integer::sum) - 1;
    running.put(count, new Entry(record, abort));
    events.send(record.began(count, metadata));
    return OptionalInt.of(earlier);
  }

  /** A handler reached a step; says so if it has a name. */
  synchronized void reached(HandlerRecord record, Step step) {
    if (running.containsKey(record.number()) && !step.getName().isEmpty()) {
      events.send(record.reached(step));
    }
  }

  /** A handler has ended. */
  synchronized void leave(HandlerRecord record, CallEnd callEnd) {
    if (running.remove(record.number()) == null) {
      return;
    }
    events.send(record.handled(callEnd));
    completeIfIdle();
  }

  /** Cancels every call that is running. */
  void abortAll() {
    List<Entry> entries;
    synchronized (this) {
      entries = List.copyOf(running.values());
    }
    // Outside of the lock: who is aborted may leave at once.
    entries.forEach(entry -> entry.abort.run());
  }

  /** Lets nobody enter any more; what it gives is done when the last has left. */
  synchronized CompletableFuture<Void> close() {
    closed = true;
    completeIfIdle();
    return idle;
  }

  /** Reports those that could not be ended as running, and gives their number. */
  synchronized int giveUp() {
    int left = running.size();
    for (Entry entry : running.values()) {
      events.send(entry.record.handled(CallEnd.CALL_END_RUNNING));
    }
    running.clear();
    return left;
  }

  private void completeIfIdle() {
    if (closed && running.isEmpty()) {
      idle.complete(null);
    }
  }
}
