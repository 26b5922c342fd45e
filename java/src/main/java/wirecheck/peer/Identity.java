package wirecheck.peer;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What somebody proves a name with over TLS, in PEM; the authority is nobody else's.
 *
 * <p>For {@link Training} and the tests. Java has an interface to read certificates and none to
 * make one, so they are made by the program that comes with every JDK.
 *
 * @param authority the certificate that signed the other
 * @param privateKey PKCS #8, of the certificate
 */
record Identity(ByteString authority, ByteString certificate, ByteString privateKey) {
  private static final long LIMIT = 60; // Seconds; only a broken JDK takes that long.
  private static final int LINE = 64; // Characters of Base64, see RFC 7468, section 2.
  private static final String AUTHORITY = "authority";
  private static final String OWNER = "owner";
  private static final String PASSWORD = "nothing to hide";

  /** Makes one that is valid today. */
  static Identity of(String host) throws IOException {
    return make(host, List.of());
  }

  /** Makes one that was valid for a day last week. */
  static Identity expired(String host) throws IOException {
    return make(host, List.of("-startdate", "-7d"));
  }

  private static Identity make(String host, List<String> options) throws IOException {
    Path folder = Files.createTempDirectory("wirecheck");
    Path file = folder.resolve("keys");
    try {
      makeKeys(file, AUTHORITY, List.of("-dname", "CN=The authority of " + host, "-ext", "bc:c"));
      List<String> owner = new ArrayList<>(options);
      owner.addAll(List.of("-dname", "CN=" + host, "-ext", "SAN=dns:" + host));
      owner.addAll(List.of("-signer", AUTHORITY));
      makeKeys(file, OWNER, owner);
      return read(file);
    } catch (GeneralSecurityException error) {
      throw new IOException("keytool's file cannot be read", error);
    } finally {
      Files.deleteIfExists(file);
      Files.delete(folder);
    }
  }

  private static void makeKeys(Path file, String alias, List<String> more) throws IOException {
    String keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
    List<String> command = new ArrayList<>(List.of(keytool, "-genkeypair", "-alias", alias));
    command.addAll(List.of("-keyalg", "EC", "-groupname", "secp256r1", "-validity", "1"));
    command.addAll(List.of("-storetype", "PKCS12", "-keystore", file.toString()));
    command.addAll(List.of("-storepass", PASSWORD));
    command.addAll(more);
    // It says on stderr what it makes.
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      if (!process.waitFor(LIMIT, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IOException("keytool failed: " + String.join(" ", command));
      }
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
      throw new IOException("keytool was not waited for", error);
    } finally {
      process.destroyForcibly();
    }
  }

  private static Identity read(Path file) throws IOException, GeneralSecurityException {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream stream = Files.newInputStream(file)) {
      keys.load(stream, PASSWORD.toCharArray());
    }
    return new Identity(
        pem("CERTIFICATE", keys.getCertificate(AUTHORITY).getEncoded()),
        pem("CERTIFICATE", keys.getCertificate(OWNER).getEncoded()),
        pem("PRIVATE KEY", keys.getKey(OWNER, PASSWORD.toCharArray()).getEncoded()));
  }

  private static ByteString pem(String label, byte[] der) {
    String text = Base64.getMimeEncoder(LINE, new byte[] {'\n'}).encodeToString(der);
    return ByteString.copyFrom(
        "-----BEGIN " + label + "-----\n" + text + "\n-----END " + label + "-----\n", US_ASCII);
  }
}
