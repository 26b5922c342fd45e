#include "wirecheck_peer/peer.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include <grpc/grpc.h>

#include "wirecheck_peer/client.h"
#include "wirecheck_peer/errors.h"
#include "wirecheck_peer/server.h"
#include "wirecheck_peer/session.h"
#include "wirecheck_peer/stdio.h"

namespace wirecheck::peer {

namespace {

const char kPeerName[] = "cpp-grpc";
constexpr int kExitUsage = 2;

// Takes the role from the command line.
std::string ParseRole(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1 || RoleNamed(arguments[0]) == pb::ROLE_UNSPECIFIED) {
    Log("usage: PEER client|server");
    std::exit(kExitUsage);
  }
  return arguments[0];
}

void PrepareProcess() {
  // Sockets of this peer are for its own user only.
  umask(S_IRWXG | S_IRWXO);
  // A pipe that nobody reads is an error of write(), and not the end.
  signal(SIGPIPE, SIG_IGN);
  // The library is there for as long as the process. With its last server it would be shut down
  // otherwise, which waits for a poll of up to 10 s and keeps the next server from being built.
  grpc_init();
}

std::unique_ptr<Role> MakeRole(const std::string& name, EventSink& events) {
  if (name == "client") return std::make_unique<Client>(events);
  return std::make_unique<Server>(events);
}

int Serve(Session& session, int end) {
  try {
    ReadOrders(STDIN_FILENO, end, [&](const pb::ToPeer& order) { session.Take(order); });
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    Log(std::string("broken contract: ") + error.what());
    return kExitBrokenContract;
  }
}

}  // namespace

void Main(const std::vector<std::string>& arguments) {
  const std::string name = ParseRole(arguments);
  PrepareProcess();
  const int end = EndSignals();
  EventWriter events(TakeStdout());
  const auto role = MakeRole(name, events);
  Session session(kPeerName, name, *role, events);
  const int status = Serve(session, end);
  events.Mute();
  role->Stop();
  Leave(events, status);
}

}  // namespace wirecheck::peer
