package wirecheck.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import wirecheck.v1.Peer.Call;
import wirecheck.v1.Peer.Listen;
import wirecheck.v1.Peer.Script;
import wirecheck.v1.Peer.Shape;
import wirecheck.v1.Peer.Status;
import wirecheck.v1.Peer.Step;
import wirecheck.v1.Peer.Tcp;
import wirecheck.v1.Peer.Transport;

final class CallsTest {
  private static final Shape UNARY = Shape.SHAPE_UNARY;
  private static final Shape BOTH = Shape.SHAPE_BIDIRECTIONAL;
  private static final Step WORLD = Orders.message(Orders.WORLD);
  private static final Step HELLO = Orders.message(Orders.HELLO_WORLD);

  private static int halfCloseAfter(Step... send) {
    return Plan.of(Orders.hello(BOTH, send).build()).halfCloseAfter();
  }

  @Test
  void aPlanSaysWhereTheRequestHalfCloses() {
    assertEquals(2, halfCloseAfter(WORLD, WORLD, Orders.released("x")));
    assertEquals(3, halfCloseAfter(WORLD, Orders.released("x"), Orders.halfClose()));
    assertEquals(0, halfCloseAfter(Orders.released("x")));
  }

  static List<Call.Builder> callsThatCannotBeTried() {
    return List.of(
        Orders.hello(Shape.SHAPE_UNSPECIFIED, WORLD),
        Orders.hello(UNARY, WORLD).setShapeValue(99),
        Orders.hello(UNARY),
        Orders.hello(UNARY, WORLD, WORLD),
        Orders.hello(BOTH, Orders.halfClose(), WORLD),
        Orders.hello(BOTH, Orders.halfClose(), Orders.halfClose()),
        Orders.hello(UNARY, WORLD).addReceive(Orders.headers()),
        Orders.hello(UNARY, Step.getDefaultInstance()),
        Orders.hello(UNARY, WORLD).setMethod("SayHello"),
        Orders.hello(UNARY, WORLD).setRequestType("Nobody"));
  }

  @ParameterizedTest
  @MethodSource
  void callsThatCannotBeTried(Call.Builder call) {
    assertThrows(CouldNotTryException.class, () -> Plan.of(call.build()));
  }

  @Test
  void callsThatNeedWhatIsUnheardOf() {
    Step needy = WORLD.toBuilder().addRequires("feature-that-nobody-has").build();
    Step ofTheOtherRole = WORLD.toBuilder().addRequires("scripts").build();
    Map<String, Call.Builder> cases =
        Map.of(
            "feature-that-nobody-has", Orders.hello(UNARY, needy),
            "scripts", Orders.hello(UNARY, WORLD).addReceive(ofTheOtherRole),
            "reset", Orders.hello(UNARY, WORLD).addReceive(Orders.reset()),
            "panic", Orders.hello(UNARY, WORLD, Orders.panic()),
            "api-7", Orders.hello(UNARY, WORLD).setApiValue(7));
    cases.forEach(
        (want, call) -> {
          UnsupportedException error =
              assertThrows(UnsupportedException.class, () -> Plan.of(call.build()));
          assertEquals(want, error.feature());
        });
  }

  private static Listener listenerOf(Listen.Builder listen) {
    listen.setTransport(Transport.newBuilder().setTcp(Tcp.getDefaultInstance()));
    EventWriter nowhere = new EventWriter(OutputStream.nullOutputStream());
    return new Listener(listen.build(), nowhere, new Latches(), Runnable::run);
  }

  private static Listen.Builder scripted(Step... send) {
    return Orders.scripted(UNARY, List.of(send), List.of());
  }

  static List<Listen.Builder> scriptsThatCannotBeTried() {
    Listen.Builder twice = scripted(HELLO);
    Listen.Builder unscripted = scripted();
    unscripted.getScriptsBuilder(0).clearScripts();
    Listen.Builder unrouted = scripted();
    unrouted.getScriptsBuilder(0).setMethod("SayHello");
    return List.of(
        twice.addScripts(twice.getScripts(0)),
        unscripted,
        unrouted,
        Orders.scripted(Shape.SHAPE_UNSPECIFIED, List.of(), List.of()),
        scripted(HELLO, HELLO),
        scripted(Orders.message(Orders.bytes("\n\5"))),
        scripted(Orders.awaitHeaders()),
        scripted(Orders.headers(Orders.entry("no key", ""))),
        scripted(Orders.endWith(Status.newBuilder().setCode(17))),
        scripted(HELLO).addServices("Greeter"));
  }

  @ParameterizedTest
  @MethodSource
  void scriptsThatCannotBeTried(Listen.Builder listen) {
    assertThrows(CouldNotTryException.class, () -> listenerOf(listen));
  }

  @Test
  void listenersThatNeedWhatIsUnheardOf() {
    Map<String, Listen.Builder> cases =
        Map.of(
            "service:Nobody", Listen.newBuilder().addServices("Nobody"),
            "reset", Orders.scripted(UNARY, List.of(), List.of(Orders.reset())));
    cases.forEach(
        (want, listen) -> {
          UnsupportedException error =
              assertThrows(UnsupportedException.class, () -> listenerOf(listen));
          assertEquals(want, error.feature());
        });
  }

  @Test
  void theNthCallTakesTheNthScriptAndTheLastOneRepeats() {
    Listen.Builder listen = scripted();
    listen.getScriptsBuilder(0).addScripts(Script.newBuilder().setWhole(true));
    ScriptedMethod method = ScriptedMethod.of(listen.build()).get(Orders.SAY_HELLO);
    assertSame(method.scripts().get(0), method.script(0));
    assertSame(method.scripts().get(1), method.script(1));
    assertSame(method.scripts().get(1), method.script(2));
  }

  @Test
  void aWaitEndsWithItsEventOrWithTheCall() {
    Latches latches = new Latches();
    Progress progress = new Progress();
    latches.release("scope", "open");
    latches.release("scope", "open");
    assertTrue(waits(progress, latches, Orders.released("open")));
    progress.happen(Progress.stepDone("one"));
    assertTrue(waits(progress, latches, Orders.after("one")));
    progress.end();
    assertTrue(waits(progress, latches, Orders.after("one")));
    assertFalse(waits(progress, latches, Orders.after("two")));
    latches.endScope("scope");
    assertFalse(waits(progress, latches, Orders.released("open")));
  }

  private static boolean waits(Progress progress, Latches latches, Step step) {
    return progress.awaitStep(step.getWait(), latches, "scope");
  }
}
