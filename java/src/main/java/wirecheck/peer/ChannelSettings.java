package wirecheck.peer;

import com.google.protobuf.Descriptors.FieldDescriptor;
import io.grpc.CallOptions;
import io.grpc.ChannelCredentials;
import io.grpc.CompressorRegistry;
import io.grpc.DecompressorRegistry;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import wirecheck.v1.Peer.ChannelOptions;
import wirecheck.v1.Peer.Open;

/**
 * The contract's options of a channel as grpc-java's.
 *
 * <p>What is not in the table cannot be set through grpc-java and is {@code Unsupported}; so is a
 * value that grpc-java would replace by another one of its own.
 */
final class ChannelSettings {
  /** Takes the value of an option; false if grpc-java would not honour it. */
  private interface Setter {
    boolean set(ChannelSettings settings, OptionValue value);
  }

  /** Milliseconds; grpc-java takes what is less for this. */
  private static final long MIN_PING_INTERVAL = 10_000;

  private static final long MIN_PING_TIMEOUT = 10; // Milliseconds, likewise.

  // There is no connection window: grpc-java has one setting for both windows.
  private static final Map<String, Setter> SETTERS = setters();

  private final NettyChannelBuilder channel;
  private final boolean asksForName;
  private CallOptions calls = CallOptions.DEFAULT;

  /**
   * @param serverName what a server is asked for and must prove by TLS; empty for the target's name
   */
  private ChannelSettings(NettyChannelBuilder channel, String serverName) {
    this.channel = channel;
    this.asksForName = !serverName.isEmpty();
    if (asksForName) {
      channel.overrideAuthority(serverName);
    }
  }

  /** Takes a channel's credentials and options. */
  static ChannelSettings of(Open order) {
    NettyChannelBuilder builder = newBuilder(order.getTarget(), credentials(order));
    // The proxy variables would redirect calls to this machine's own names.
    builder.proxyDetector(address -> null);
    ChannelSettings settings = new ChannelSettings(builder, order.getTls().getServerName());
    ChannelOptions options = order.getOptions();
    if (options.equals(ChannelOptions.getDefaultInstance())) {
      return settings; // Reflection would take its time.
    }
    for (Map.Entry<FieldDescriptor, Object> option : options.getAllFields().entrySet()) {
      String name = option.getKey().getName();
      Setter setter = SETTERS.get(name);
      if (setter == null || !setter.set(settings, new OptionValue(option.getValue()))) {
        throw new UnsupportedException("option:" + name);
      }
    }
    return settings;
  }

  /** In the order of the schema. */
  private static Map<String, Setter> setters() {
    Map<String, Setter> setters = new LinkedHashMap<>();
    setters.put(
        "max_receive_message_size",
        (settings, value) -> {
          settings.channel.maxInboundMessageSize(value.clamped());
          return true;
        });
    setters.put(
        "max_send_message_size",
        (settings, value) -> {
          settings.calls = settings.calls.withMaxOutboundMessageSize(value.clamped());
          return true;
        });
    setters.put(
        "max_header_list_size",
        (settings, value) ->
            value.isPositiveInt()
                && settings.has(settings.channel.maxInboundMetadataSize(value.clamped())));
    setters.put(
        "initial_stream_window",
        (settings, value) ->
            value.isPositiveInt()
                && settings.has(settings.channel.flowControlWindow(value.clamped())));
    setters.put(
        "keepalive_interval_ms",
        (settings, value) -> {
          settings.channel.keepAliveTime(value.number(), TimeUnit.MILLISECONDS);
          return value.number() >= MIN_PING_INTERVAL;
        });
    setters.put(
        "keepalive_timeout_ms",
        (settings, value) ->
            value.number() >= MIN_PING_TIMEOUT
                && settings.has(
                    settings.channel.keepAliveTimeout(value.number(), TimeUnit.MILLISECONDS)));
    setters.put(
        "keepalive_without_calls",
        (settings, value) -> {
          settings.channel.keepAliveWithoutCalls(value.flag());
          return true;
        });
    setters.put(
        "authority",
        (settings, value) -> !value.text().isEmpty() && settings.setAuthority(value.text()));
    setters.put(
        "user_agent", (settings, value) -> settings.has(settings.channel.userAgent(value.text())));
    setters.put("compression", (settings, value) -> settings.compress(value.text()));
    setters.put(
        "accept_compression",
        // A client accepts all that it knows.
        (settings, value) ->
            DecompressorRegistry.getDefaultInstance().lookupDecompressor(value.text()) != null);
    return setters;
  }

  /** Names the options that can be set, in the order of the schema. */
  static List<String> options() {
    return List.copyOf(SETTERS.keySet());
  }

  ManagedChannel build() {
    return channel.build();
  }

  /** Gives the options that grpc-java takes with each call. */
  CallOptions callOptions() {
    return calls;
  }

  /** grpc-java finds what carries a target, TCP or a Unix socket. */
  private static NettyChannelBuilder newBuilder(String target, ChannelCredentials credentials) {
    try {
      return (NettyChannelBuilder) Grpc.newChannelBuilder(target, credentials);
    } catch (IllegalArgumentException error) {
      throw new CouldNotTryException("no channel to \"" + target + "\": " + error.getMessage());
    }
  }

  private static ChannelCredentials credentials(Open order) {
    return order.hasTls() ? Tls.ofChannel(order.getTls()) : InsecureChannelCredentials.create();
  }

  /**
   * Sets {@code :authority}. A channel takes its own also for the name that a server must prove, so
   * where that is another one, each call says its authority itself.
   */
  private boolean setAuthority(String authority) {
    if (asksForName) {
      calls = calls.withAuthority(authority);
    } else {
      channel.overrideAuthority(authority);
    }
    return true;
  }

  /** Compresses requests; false if grpc-java does not know the coding. */
  private boolean compress(String coding) {
    calls = calls.withCompression(coding);
    return CompressorRegistry.getDefaultInstance().lookupCompressor(coding) != null;
  }

  private boolean has(Object unused) {
    return true;
  }
}
