package wirecheck.peer;

import com.google.protobuf.ByteString;
import io.grpc.ChannelCredentials;
import io.grpc.ServerCredentials;
import io.grpc.TlsChannelCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.TlsServerCredentials.ClientAuth;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import wirecheck.v1.Peer.ClientTls;
import wirecheck.v1.Peer.ServerTls;

/**
 * The contract's certificates as grpc-java's credentials.
 *
 * <p>They only hold the PEM. It is parsed when a channel or a server is built with them.
 */
final class Tls {
  private Tls() {}

  /** Gives what a server proves itself with, and whether its clients have to do so as well. */
  static ServerCredentials ofServer(ServerTls tls) {
    try {
      TlsServerCredentials.Builder credentials =
          TlsServerCredentials.newBuilder()
              .keyManager(pem(tls.getCertificateChain()), pem(tls.getPrivateKey()));
      if (!tls.getClientCa().isEmpty()) {
        credentials.trustManager(pem(tls.getClientCa())).clientAuth(ClientAuth.REQUIRE);
      }
      return credentials.build();
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }

  /** Gives what a client trusts, and proves itself with if it can. */
  static ChannelCredentials ofChannel(ClientTls tls) {
    try {
      TlsChannelCredentials.Builder credentials =
          TlsChannelCredentials.newBuilder().trustManager(pem(tls.getCa()));
      if (!tls.getCertificateChain().isEmpty()) {
        credentials.keyManager(pem(tls.getCertificateChain()), pem(tls.getPrivateKey()));
      }
      return credentials.build();
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }

  private static InputStream pem(ByteString text) {
    return text.newInput();
  }
}
