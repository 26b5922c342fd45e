package wirecheck.peer;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import wirecheck.v1.Peer.Step;
import wirecheck.v1.Peer.Step.KindCase;

/**
 * What this peer can do, by the contract's names.
 *
 * <p>Not {@code reset}: grpc-java gives handlers no way to choose the code of RST_STREAM.
 */
final class Features {
  private static final List<String> TRANSPORTS =
      concat(List.of("tcp"), unixSockets(), List.of("ipv6", "tls", "mtls"));

  private static final List<String> MESSAGES =
      List.of(
          "compression:gzip",
          "per-message-compression",
          "sees-compressed-flag",
          "raw-messages",
          "dynamic-messages",
          "unknown-fields",
          "types:grpc.testing");

  static final List<String> CLIENT =
      concat(
          List.of("client"),
          TRANSPORTS,
          List.of("call-credentials"),
          MESSAGES,
          List.of("api-idiomatic", "api-stream", "await-headers", "leading-metadata"),
          optionFeatures(ChannelSettings.options()));

  static final List<String> SERVER =
      concat(
          List.of("server"),
          TRANSPORTS,
          MESSAGES,
          List.of("scripts", "graceful-shutdown", "panic"),
          optionFeatures(ServerSettings.options()),
          Services.features());

  static final Set<KindCase> CLIENT_SEND =
      EnumSet.of(
          KindCase.MESSAGE, KindCase.RAW, KindCase.HALF_CLOSE, KindCase.WAIT, KindCase.CANCEL);
  static final Set<KindCase> CLIENT_RECEIVE =
      EnumSet.of(KindCase.AWAIT_HEADERS, KindCase.RECEIVE, KindCase.WAIT, KindCase.CANCEL);
  static final Set<KindCase> SERVER_SEND =
      EnumSet.of(
          KindCase.MESSAGE,
          KindCase.RAW,
          KindCase.WAIT,
          KindCase.HEADERS,
          KindCase.STATUS,
          KindCase.PANIC);
  static final Set<KindCase> SERVER_RECEIVE =
      EnumSet.of(KindCase.RECEIVE, KindCase.WAIT, KindCase.STATUS, KindCase.PANIC);

  // Steps that some library cannot take, so that they have names among the features.
  private static final Set<KindCase> NAMED = EnumSet.of(KindCase.RESET, KindCase.PANIC);

  private Features() {}

  /** Refuses what this peer has never heard of. */
  static void demand(List<String> required, List<String> known) {
    for (String name : required) {
      if (!known.contains(name)) {
        throw new UnsupportedException(name);
      }
    }
  }

  /**
   * Refuses a lane with a step that cannot be carried out.
   *
   * @param kinds those of the lane
   */
  static void demandSteps(List<Step> steps, List<String> known, Set<KindCase> kinds) {
    for (Step step : steps) {
      demand(step.getRequiresList(), known);
    }
    for (int index = 0; index < steps.size(); index++) {
      KindCase kind = steps.get(index).getKindCase();
      if (NAMED.contains(kind)) {
        demand(List.of(nameOf(kind)), known);
      }
      if (!kinds.contains(kind)) {
        throw new CouldNotTryException(
            "step " + (index + 1) + " of a lane has no place there: " + nameOf(kind));
      }
    }
  }

  /** Gives the kind of a step by its field, {@code nothing} if this version knows none. */
  private static String nameOf(KindCase kind) {
    return kind == KindCase.KIND_NOT_SET ? "nothing" : kind.name().toLowerCase(Locale.ROOT);
  }

  /** Netty carries them by epoll, which is Linux's, and its bare Java part does not. */
  private static List<String> unixSockets() {
    return System.getProperty("os.name").equals("Linux") ? List.of("uds") : List.of();
  }

  private static List<String> optionFeatures(List<String> options) {
    return options.stream().map(name -> "option:" + name).toList();
  }

  @SafeVarargs
  private static List<String> concat(List<String>... parts) {
    List<String> all = new ArrayList<>();
    for (List<String> part : parts) {
      all.addAll(part);
    }
    return List.copyOf(all);
  }
}
