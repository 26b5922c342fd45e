package wirecheck.peer;

import java.util.Locale;
import wirecheck.v1.Peer.CouldNotTry;
import wirecheck.v1.Peer.FromPeer;
import wirecheck.v1.Peer.Ready;
import wirecheck.v1.Peer.Refused;
import wirecheck.v1.Peer.Report;
import wirecheck.v1.Peer.Start;
import wirecheck.v1.Peer.ToPeer;
import wirecheck.v1.Peer.Unsupported;

/** One conversation with the harness: what it says and is answered, whatever the role. */
final class Session {
  private static final int CONTRACT_VERSION = 1;

  /** Bytes of a reason. */
  private static final int MAX_WHY = 1_000;

  private final RoleName name;
  private final Role role;
  private final EventWriter events;
  private boolean started;
  private boolean deaf; // After `Stop`, or when the harness speaks another version.

  Session(RoleName name, Role role, EventWriter events) {
    this.name = name;
    this.role = role;
    this.events = events;
  }

  /** Begins one order and answers it if it cannot be begun. */
  void take(ToPeer envelope) throws BrokenContractException {
    if (envelope.getOrderCase() == ToPeer.OrderCase.ORDER_NOT_SET) {
      throw new BrokenContractException("an envelope without an order that this version knows");
    }
    if (envelope.hasStart() == started) {
      throw new BrokenContractException(
          orderName(envelope) + " came " + (started ? "twice" : "before start"));
    }
    switch (envelope.getOrderCase()) {
      case START -> start(envelope.getStart());
      case STOP -> {
        deaf = true;
        events.mute();
        role.stop();
      }
      default -> {
        if (!deaf) {
          begin(envelope);
        }
      }
    }
  }

  private void start(Start start) throws BrokenContractException {
    if (start.getRole() != name.role()) {
      throw new BrokenContractException(
          "start asks for role " + start.getRoleValue() + " of a " + name.word());
    }
    started = true;
    deaf = start.getContractVersion() != CONTRACT_VERSION;
    Ready.Builder ready =
        role.ready()
            .setContractVersion(CONTRACT_VERSION)
            .setPeer(Peer.NAME)
            .addAllVersions(Versions.all());
    events.send(FromPeer.newBuilder().setReady(ready));
  }

  private void begin(ToPeer order) {
    try {
      demandRole(order);
      role.begin(order);
    } catch (RuntimeException | LinkageError error) {
      // Whatever it is, the harness waits for an answer.
      refuse(order, error);
    }
  }

  private void demandRole(ToPeer order) {
    RoleName needed = roleOf(order);
    if (needed != null && needed != name) {
      throw new UnsupportedException(needed.word());
    }
  }

  /** Gives the role that carries an order out; both roles know the others. */
  private static RoleName roleOf(ToPeer order) {
    return switch (order.getOrderCase()) {
      case LISTEN, UNLISTEN, SHUTDOWN -> RoleName.SERVER;
      case OPEN, CLOSE, CALL -> RoleName.CLIENT;
      default -> null;
    };
  }

  private void refuse(ToPeer order, Throwable error) {
    switch (order.getOrderCase()) {
      case CALL -> events.send(reportRefusal(order.getCall().getCall(), error));
      case OPEN -> refuseChannel(order.getOpen().getChannel(), error);
      case CLOSE -> refuseChannel(order.getClose().getChannel(), error);
      case LISTEN -> refuseListener(order.getListen().getListener(), error);
      case UNLISTEN -> refuseListener(order.getUnlisten().getListener(), error);
      case SHUTDOWN -> refuseListener(order.getShutdown().getListener(), error);
      default -> Stdio.log("an order failed: " + error);
    }
  }

  private void refuseChannel(long channel, Throwable error) {
    refuse(Refused.newBuilder().setChannel(channel), error);
  }

  private void refuseListener(long listener, Throwable error) {
    refuse(Refused.newBuilder().setListener(listener), error);
  }

  private void refuse(Refused.Builder refused, Throwable error) {
    if (error instanceof UnsupportedException lacks) {
      refused.setUnsupported(unsupported(lacks));
    } else {
      refused.setCouldNotTry(couldNotTry(error));
    }
    events.send(FromPeer.newBuilder().setRefused(refused));
  }

  /** Gives the report of a call that was not carried out. */
  static FromPeer.Builder reportRefusal(long call, Throwable error) {
    Report.Builder report = Report.newBuilder().setCall(call);
    if (error instanceof UnsupportedException lacks) {
      report.setUnsupported(unsupported(lacks));
    } else {
      report.setCouldNotTry(couldNotTry(error));
    }
    return FromPeer.newBuilder().setReport(report);
  }

  private static Unsupported unsupported(UnsupportedException lacks) {
    return Unsupported.newBuilder().setFeature(lacks.feature()).build();
  }

  private static CouldNotTry couldNotTry(Throwable error) {
    return CouldNotTry.newBuilder().setWhy(Text.cut(Text.words(error), MAX_WHY)).build();
  }

  private static String orderName(ToPeer order) {
    return order.getOrderCase().name().toLowerCase(Locale.ROOT);
  }
}
