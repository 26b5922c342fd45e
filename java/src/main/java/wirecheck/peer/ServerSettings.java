package wirecheck.peer;

import com.google.protobuf.Descriptors.FieldDescriptor;
import io.grpc.CompressorRegistry;
import io.grpc.DecompressorRegistry;
import io.grpc.InsecureServerCredentials;
import io.grpc.ServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import wirecheck.v1.Peer.Listen;
import wirecheck.v1.Peer.ServerOptions;
import wirecheck.v1.Peer.Tcp;
import wirecheck.v1.Peer.Transport;

/**
 * The contract's options of a listener as grpc-java's, with the rule of {@link ChannelSettings},
 * and where and with which credentials a listener binds.
 */
final class ServerSettings {
  /** Takes the value of an option; false if grpc-java would not honour it. */
  private interface Setter {
    boolean set(NettyServerBuilder server, OptionValue value);
  }

  /** Milliseconds; grpc-java takes what is less for this. */
  private static final long MIN_CONNECTION_AGE = 1_000;

  // A server of grpc-java has no limit for what it sends, and one setting for both windows.
  private static final Map<String, Setter> SETTERS = setters();

  private ServerSettings() {}

  /** Gives a builder that binds where the order says, and has its credentials and options. */
  static NettyServerBuilder of(Listen order) {
    NettyServerBuilder server = bound(order.getTransport(), credentials(order));
    ServerOptions options = order.getOptions();
    if (options.equals(ServerOptions.getDefaultInstance())) {
      return server; // Reflection would take its time.
    }
    for (Map.Entry<FieldDescriptor, Object> option : options.getAllFields().entrySet()) {
      String name = option.getKey().getName();
      Setter setter = SETTERS.get(name);
      if (setter == null || !setter.set(server, new OptionValue(option.getValue()))) {
        throw new UnsupportedException("option:" + name);
      }
    }
    return server;
  }

  /** In the order of the schema. */
  private static Map<String, Setter> setters() {
    Map<String, Setter> setters = new LinkedHashMap<>();
    setters.put(
        "max_receive_message_size",
        (server, value) -> has(server.maxInboundMessageSize(value.clamped())));
    setters.put(
        "max_concurrent_streams",
        (server, value) ->
            value.isPositiveInt() && has(server.maxConcurrentCallsPerConnection(value.clamped())));
    setters.put(
        "max_header_list_size",
        (server, value) ->
            value.isPositiveInt() && has(server.maxInboundMetadataSize(value.clamped())));
    setters.put(
        "initial_stream_window",
        (server, value) -> value.isPositiveInt() && has(server.flowControlWindow(value.clamped())));
    setters.put(
        "keepalive_interval_ms",
        (server, value) ->
            value.number() > 0 && has(server.keepAliveTime(value.number(), TimeUnit.MILLISECONDS)));
    setters.put(
        "keepalive_timeout_ms",
        (server, value) ->
            value.number() > 0
                && has(server.keepAliveTimeout(value.number(), TimeUnit.MILLISECONDS)));
    setters.put(
        "min_ping_interval_ms",
        (server, value) -> has(server.permitKeepAliveTime(value.number(), TimeUnit.MILLISECONDS)));
    setters.put(
        "max_connection_age_ms",
        (server, value) ->
            value.number() >= MIN_CONNECTION_AGE
                && has(server.maxConnectionAge(value.number(), TimeUnit.MILLISECONDS)));
    setters.put(
        "max_connection_age_grace_ms",
        (server, value) ->
            has(server.maxConnectionAgeGrace(value.number(), TimeUnit.MILLISECONDS)));
    setters.put(
        "compression",
        (server, value) ->
            CompressorRegistry.getDefaultInstance().lookupCompressor(value.text()) != null
                && has(server.intercept(new Compressing(value.text()))));
    setters.put(
        "accept_compression",
        // A server accepts all that it knows.
        (server, value) ->
            DecompressorRegistry.getDefaultInstance().lookupDecompressor(value.text()) != null);
    return setters;
  }

  /** Names the options that can be set, in the order of the schema. */
  static List<String> options() {
    return List.copyOf(SETTERS.keySet());
  }

  /** Gives this machine's own address for TCP, as it stands before a port. */
  static String host(Tcp tcp) {
    return tcp.getIpv6() ? "[::1]" : "127.0.0.1";
  }

  private static ServerCredentials credentials(Listen order) {
    return order.hasTls() ? Tls.ofServer(order.getTls()) : InsecureServerCredentials.create();
  }

  private static NettyServerBuilder bound(Transport transport, ServerCredentials credentials) {
    return switch (transport.getKindCase()) {
      case TCP ->
          NettyServerBuilder.forAddress(
              new InetSocketAddress(host(transport.getTcp()), 0), credentials);
      case UDS ->
          NettyServerBuilder.forAddress(
                  new DomainSocketAddress(transport.getUds().getPath()), credentials)
              .channelType(EpollServerDomainSocketChannel.class)
              .bossEventLoopGroup(UnixSockets.LOOPS)
              .workerEventLoopGroup(UnixSockets.LOOPS);
      case KIND_NOT_SET ->
          throw new CouldNotTryException("the listener has no transport that this peer knows");
    };
  }

  private static boolean has(NettyServerBuilder unused) {
    return true;
  }

  /** What all listeners on Unix sockets share, made when the first one is. */
  private static final class UnixSockets {
    static final EventLoopGroup LOOPS =
        new MultiThreadIoEventLoopGroup(
            Runtime.getRuntime().availableProcessors(),
            new DefaultThreadFactory("uds", true),
            EpollIoHandler.newFactory());

    private UnixSockets() {}
  }
}
