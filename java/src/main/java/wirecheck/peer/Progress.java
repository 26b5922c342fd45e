package wirecheck.peer;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import wirecheck.v1.Peer.Wait;

/** What has happened in one call, and a way to wait for it. */
final class Progress {
  /** A thing that happens once in a call. */
  record Event(String kind, String name) {}

  /** The event that the library has the call. */
  static final Event BEGUN = new Event("begun", "");

  /** The event that the headers of the response have come. */
  static final Event HEADERS = new Event("headers", "");

  private final Set<Event> happened = new HashSet<>();
  private boolean over;

  /** The event that a step with this name is done. */
  static Event stepDone(String name) {
    return new Event("step", name);
  }

  /** Says whether the call has ended. */
  synchronized boolean over() {
    return over;
  }

  /** Notes an event. */
  synchronized void happen(Event event) {
    happened.add(event);
    notifyAll();
  }

  /** Says that the call has ended: nobody waits any longer. */
  synchronized void end() {
    over = true;
    notifyAll();
  }

  /** Lets whoever waits look again. */
  synchronized void wake() {
    notifyAll();
  }

  /** Waits for an event; false if the call ended without it. */
  boolean await(Event event) {
    return awaitThat(() -> happened.contains(event));
  }

  /** Carries out a {@code wait} step. */
  boolean awaitStep(Wait wait, Latches latches, String scope) {
    if (wait.getEventCase() == Wait.EventCase.STEP) {
      return await(stepDone(wait.getStep()));
    }
    CompletableFuture<Void> released = latches.whenReleased(scope, wait.getReleased());
    CompletableFuture<Void> waking = released.thenRun(this::wake);
    boolean opened = awaitThat(released::isDone);
    // So that a latch that stays shut does not keep every call that waited for it.
    waking.cancel(false);
    return opened;
  }

  /** Waits until something holds, of which {@link #wake} tells; false if the call ended before. */
  synchronized boolean awaitThat(BooleanSupplier holds) {
    while (!holds.getAsBoolean()) {
      if (over) {
        return false;
      }
      try {
        wait();
      } catch (InterruptedException error) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return true;
  }
}
