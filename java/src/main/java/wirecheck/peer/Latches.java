package wirecheck.peer;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** The latches that {@code Release} opens: named, kept by scope, and open for good. */
final class Latches {
  private final Map<String, Map<String, CompletableFuture<Void>>> scopes = new HashMap<>();

  /** Opens a latch and tells whoever waits for it. */
  void release(String scope, String name) {
    // Outside of the lock: whoever waits is told in this thread.
    whenReleased(scope, name).complete(null);
  }

  /** Gives what is done once the latch is open. */
  synchronized CompletableFuture<Void> whenReleased(String scope, String name) {
    return scopes
        .computeIfAbsent(scope, unused -> new HashMap<>())
        .computeIfAbsent(name, unused -> new CompletableFuture<>());
  }

  /** Forgets the latches of a scope. */
  synchronized void endScope(String scope) {
    scopes.remove(scope);
  }
}
