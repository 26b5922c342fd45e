package wirecheck.peer;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import wirecheck.v1.Peer.ChannelOptions;
import wirecheck.v1.Peer.Listen;
import wirecheck.v1.Peer.Open;
import wirecheck.v1.Peer.ServerOptions;
import wirecheck.v1.Peer.Tcp;
import wirecheck.v1.Peer.Transport;

final class OptionsTest {
  private static Listen listen(ServerOptions options) {
    Transport tcp = Transport.newBuilder().setTcp(Tcp.getDefaultInstance()).build();
    return Listen.newBuilder().setTransport(tcp).setOptions(options).build();
  }

  private static Open open(ChannelOptions options) {
    return Open.newBuilder().setTarget("127.0.0.1:1").setOptions(options).build();
  }

  private static List<String> allBut(Descriptor options, List<String> lacking) {
    List<String> names =
        new ArrayList<>(options.getFields().stream().map(FieldDescriptor::getName).toList());
    names.removeAll(lacking);
    return names;
  }

  @Test
  void everyOptionButThoseThatGrpcJavaLacksCanBeSet() {
    assertEquals(
        allBut(
            ServerOptions.getDescriptor(),
            List.of("max_send_message_size", "initial_connection_window")),
        ServerSettings.options());
    assertEquals(
        allBut(ChannelOptions.getDescriptor(), List.of("initial_connection_window")),
        ChannelSettings.options());
  }

  @Test
  void serverValuesThatGrpcJavaLacksOrWouldReplace() {
    Map<String, ServerOptions.Builder> cases =
        Map.of(
            "max_send_message_size", ServerOptions.newBuilder().setMaxSendMessageSize(1),
            "max_concurrent_streams", ServerOptions.newBuilder().setMaxConcurrentStreams(0),
            "max_header_list_size", ServerOptions.newBuilder().setMaxHeaderListSize(0),
            "initial_stream_window", ServerOptions.newBuilder().setInitialStreamWindow(1 << 31),
            "initial_connection_window",
                ServerOptions.newBuilder().setInitialConnectionWindow(65_535),
            "keepalive_interval_ms", ServerOptions.newBuilder().setKeepaliveIntervalMs(0),
            "keepalive_timeout_ms", ServerOptions.newBuilder().setKeepaliveTimeoutMs(0),
            "max_connection_age_ms", ServerOptions.newBuilder().setMaxConnectionAgeMs(999),
            "compression", ServerOptions.newBuilder().setCompression("snappy"),
            "accept_compression", ServerOptions.newBuilder().setAcceptCompression("snappy"));
    cases.forEach(
        (want, options) -> {
          UnsupportedException error =
              assertThrows(
                  UnsupportedException.class, () -> ServerSettings.of(listen(options.build())));
          assertEquals("option:" + want, error.feature());
        });
  }

  @Test
  void channelValuesThatGrpcJavaLacksOrWouldReplace() {
    Map<String, ChannelOptions.Builder> cases =
        Map.of(
            "initial_stream_window", ChannelOptions.newBuilder().setInitialStreamWindow(0),
            "initial_connection_window",
                ChannelOptions.newBuilder().setInitialConnectionWindow(65_535),
            "keepalive_interval_ms", ChannelOptions.newBuilder().setKeepaliveIntervalMs(9_999),
            "keepalive_timeout_ms", ChannelOptions.newBuilder().setKeepaliveTimeoutMs(9),
            "authority", ChannelOptions.newBuilder().setAuthority(""),
            "compression", ChannelOptions.newBuilder().setCompression("snappy"),
            "accept_compression", ChannelOptions.newBuilder().setAcceptCompression("snappy"));
    cases.forEach(
        (want, options) -> {
          UnsupportedException error =
              assertThrows(
                  UnsupportedException.class, () -> ChannelSettings.of(open(options.build())));
          assertEquals("option:" + want, error.feature());
        });
  }

  @Test
  void valuesThatGrpcJavaTakesAsTheyAre() {
    ServerOptions server =
        ServerOptions.newBuilder()
            .setMaxReceiveMessageSize(-1) // 2^32 - 1.
            .setInitialStreamWindow(1)
            .setMinPingIntervalMs(0)
            .setMaxConnectionAgeMs(1_000)
            .setMaxConnectionAgeGraceMs(0)
            .setCompression("gzip")
            .setAcceptCompression("gzip")
            .build();
    assertDoesNotThrow(() -> ServerSettings.of(listen(server)));
    ChannelOptions channel =
        ChannelOptions.newBuilder()
            .setMaxSendMessageSize(5)
            .setKeepaliveIntervalMs(10_000)
            .setUserAgent("team/1")
            .setCompression("gzip")
            .setAcceptCompression("gzip")
            .setAuthority("shop.test")
            .build();
    assertEquals(5, ChannelSettings.of(open(channel)).callOptions().getMaxOutboundMessageSize());
  }

  @Test
  void aTransportThatNobodyKnowsCannotBeTried() {
    assertThrows(CouldNotTryException.class, () -> ServerSettings.of(Listen.getDefaultInstance()));
  }
}
