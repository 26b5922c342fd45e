package wirecheck.peer;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/** Threads that do not keep the process alive. */
final class Threads {
  private Threads() {}

  /** Gives a pool that has as many threads as there is work; the limits of a role bound it. */
  static ExecutorService pool(String name) {
    AtomicLong count = new AtomicLong();
    return Executors.newCachedThreadPool(
        work -> {
          Thread thread = new Thread(work, name + "-" + count.incrementAndGet());
          thread.setDaemon(true);
          return thread;
        });
  }

  /** Starts a thread. */
  static Thread start(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }
}
