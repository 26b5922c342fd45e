package wirecheck.peer;

import wirecheck.v1.Peer.Ready;
import wirecheck.v1.Peer.ToPeer;

/** A client or a server: it begins its orders at once. */
interface Role {
  /** Gives its part of {@code Ready}: the features and the limits. */
  Ready.Builder ready();

  /** Begins an order that is not of the life of the peer. */
  void begin(ToPeer order);

  /** Ends everything by force. */
  void stop();
}
