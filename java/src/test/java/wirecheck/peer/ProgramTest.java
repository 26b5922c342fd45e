package wirecheck.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import wirecheck.v1.Peer.FromPeer;
import wirecheck.v1.Peer.Listen;
import wirecheck.v1.Peer.Shape;
import wirecheck.v1.Peer.Stop;
import wirecheck.v1.Peer.ToPeer;
import wirecheck.v1.Peer.Transport;
import wirecheck.v1.Peer.Uds;

/** The peer as a program of its own, in both roles. */
@Timeout(120)
final class ProgramTest {
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void endAll() {
    started.forEach(Process::destroyForcibly);
  }

  private Process program(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("bin/java-grpc"));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    started.add(process);
    return process;
  }

  private static int statusOf(Process process) throws InterruptedException {
    assertTrue(process.waitFor(Harness.LIMIT, TimeUnit.SECONDS), "it does not end");
    return process.exitValue();
  }

  @Test
  void aPairOfProgramsGreetsOverBothTransports(@TempDir Path folder) throws Exception {
    Process client = program("client");
    Process server = program("server");
    Path socket = folder.resolve("s");
    Transport.Builder uds =
        Transport.newBuilder().setUds(Uds.newBuilder().setPath(socket.toString()));
    try (Pair pair = new Pair(Harness.ofProcess(client), Harness.ofProcess(server))) {
      for (Listen.Builder listen :
          List.of(Listen.newBuilder(), Listen.newBuilder().setTransport(uds))) {
        pair.serve(listen.addServices("Greeter"));
        pair.call(Orders.hello(Shape.SHAPE_UNARY, Orders.message(Orders.WORLD)));
        assertEquals(Orders.HELLO_WORLD, pair.result().getMessages(0).getHead());
      }
      assertEquals("rwx------", permissions(socket));
      pair.client.order(ToPeer.newBuilder().setStop(Stop.getDefaultInstance()));
      client.getOutputStream().close();
      server.getOutputStream().close(); // Without `Stop`, and with a socket that is open.
      assertEquals(0, statusOf(client));
      assertEquals(0, statusOf(server));
    }
    assertFalse(Files.exists(socket));
  }

  private static String permissions(Path path) throws IOException {
    return java.nio.file.attribute.PosixFilePermissions.toString(
        Files.getPosixFilePermissions(path));
  }

  @Test
  void aSignalEndsAServerAndItsSocket(@TempDir Path folder) throws Exception {
    Process process = program("server");
    Path socket = folder.resolve("s");
    Listen.Builder listen =
        Listen.newBuilder()
            .setTransport(
                Transport.newBuilder().setUds(Uds.newBuilder().setPath(socket.toString())));
    try (Harness server = Harness.ofProcess(process)) {
      server.start(RoleName.SERVER);
      server.order(ToPeer.newBuilder().setListen(listen));
      server.await(FromPeer::hasListening);
      process.destroy(); // SIGTERM
      statusOf(process);
    }
    assertFalse(Files.exists(socket));
  }

  @Test
  void textOnStdinIsABrokenContract() throws Exception {
    Process process = program("client");
    process.getOutputStream().write("Hello\n".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    process.getOutputStream().flush();
    assertEquals(Stdio.EXIT_BROKEN_CONTRACT, statusOf(process));
    assertEquals(0, process.getInputStream().readAllBytes().length);
  }

  @Test
  void aRoleThatNobodyHasIsAnErrorOfUsage() throws Exception {
    assertEquals(2, statusOf(program("neither")));
    assertEquals(2, statusOf(program()));
  }
}
