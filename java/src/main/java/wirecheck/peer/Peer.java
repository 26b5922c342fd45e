package wirecheck.peer;

import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;

/** The peer {@code java-grpc}: reads orders in its main thread. */
public final class Peer {
  static final String NAME = "java-grpc";
  private static final int EXIT_USAGE = 2;
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(1);

  private Peer() {}

  /** Carries out orders until stdin ends, then exits. */
  public static void main(String[] arguments) throws InterruptedException {
    RoleName name = parseRole(arguments);
    EventWriter events = new EventWriter(Stdio.takeStdout());
    Role role = name.newRole(events);
    stopAtTheEnd(role);
    int status = serve(System.in, new Session(name, role, events));
    events.mute();
    role.stop();
    events.close(CLOSE_LIMIT);
    // At once: some threads may hang in a handler.
    Runtime.getRuntime().halt(status);
  }

  /** Takes the role from the command line. */
  private static RoleName parseRole(String[] arguments) {
    Optional<RoleName> name = arguments.length == 1 ? RoleName.of(arguments[0]) : Optional.empty();
    if (name.isEmpty()) {
      System.err.println("usage: PEER client|server");
      System.exit(EXIT_USAGE);
    }
    return name.orElseThrow();
  }

  /** Stops a role as well when SIGTERM or SIGINT ends the process. */
  static void stopAtTheEnd(Role role) {
    Runtime.getRuntime().addShutdownHook(new Thread(role::stop));
  }

  /** Carries out orders until their end; gives the exit status. */
  static int serve(InputStream orders, Session session) throws InterruptedException {
    try {
      Stdio.readOrders(orders, session::take);
      return 0;
    } catch (BrokenContractException error) {
      Stdio.log("broken contract: " + error.getMessage());
      return Stdio.EXIT_BROKEN_CONTRACT;
    }
  }
}
