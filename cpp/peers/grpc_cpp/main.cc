// Starts the peer `cpp-grpc`: `cpp-grpc client|server`.
#include "wirecheck_peer/peer.h"

int main(int count, char** arguments) {
  wirecheck::peer::Main({arguments + 1, arguments + count});
}
