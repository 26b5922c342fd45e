package wirecheck.peer;

import java.util.Arrays;
import java.util.Optional;

/** The two roles, by the words of the command line. */
enum RoleName {
  CLIENT("client", wirecheck.v1.Peer.Role.ROLE_CLIENT),
  SERVER("server", wirecheck.v1.Peer.Role.ROLE_SERVER);

  private final String word;
  private final wirecheck.v1.Peer.Role role;

  RoleName(String word, wirecheck.v1.Peer.Role role) {
    this.word = word;
    this.role = role;
  }

  String word() {
    return word;
  }

  /** Gives the contract's name of the role. */
  wirecheck.v1.Peer.Role role() {
    return role;
  }

  /** Gives the role itself. */
  Role newRole(EventWriter events) {
    return this == CLIENT ? new ClientRole(events) : new ServerRole(events);
  }

  static Optional<RoleName> of(String word) {
    return Arrays.stream(values()).filter(name -> name.word.equals(word)).findFirst();
  }
}
