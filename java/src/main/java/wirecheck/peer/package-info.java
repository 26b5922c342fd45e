/**
 * The peer {@code java-grpc}: grpc-java in both roles.
 *
 * <p>It keeps the contract of {@code proto/wirecheck/v1/peer.proto}. Its files and functions have
 * the names and the order of those in {@code go/peers/wirecheckpeer} and {@code
 * python/peers/wirecheck_peer}, so that two peers can be read side by side.
 */
package wirecheck.peer;
