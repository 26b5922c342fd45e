package wirecheck.peer;

import com.google.protobuf.RuntimeVersion;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Properties;
import wirecheck.v1.Peer;

/** What this peer is made of, for {@code Ready}. */
final class Versions {
  // Netty's own way to it starts its logging as well.
  private static final String NETTY_VERSIONS =
      "/META-INF/io.grpc.netty.shaded.io.netty.versions.properties";

  private Versions() {}

  static List<Peer.Version> all() {
    return List.of(
        version("java", System.getProperty("java.version")),
        version("grpc-java", ManagedChannel.class.getPackage().getImplementationVersion()),
        version("protobuf-java", protobuf()),
        version("netty", netty()));
  }

  private static Peer.Version version(String name, String version) {
    String known = version == null ? "unknown" : version;
    return Peer.Version.newBuilder().setName(name).setVersion(known).build();
  }

  private static String protobuf() {
    return RuntimeVersion.OSS_MAJOR
        + "."
        + RuntimeVersion.OSS_MINOR
        + "."
        + RuntimeVersion.OSS_PATCH
        + RuntimeVersion.OSS_SUFFIX;
  }

  /** What carries HTTP/2, in the form in which grpc-java comes with it. */
  private static String netty() {
    try (InputStream file = ManagedChannel.class.getResourceAsStream(NETTY_VERSIONS)) {
      Properties versions = new Properties();
      if (file != null) {
        versions.load(file);
      }
      return versions.getProperty("netty-common.version");
    } catch (IOException error) {
      return null;
    }
  }
}
