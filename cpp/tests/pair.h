// The peer in both roles, with one another, for tests.
#pragma once

#include <string>

#include "tests/driver.h"

namespace wirecheck::peer {

constexpr char kSayHello[] = "/Greeter/SayHello";
constexpr std::uint64_t kCallLimitNs = 15'000'000'000;  // Of a call that must not hang.

// A client and a server; the server has listener 1, and the client channel 1 to it.
class Pair {
 public:
  Pair() : client_("client"), server_("server") {}

  Driver& client() { return client_; }
  Driver& server() { return server_; }

  // Opens the listener and the channel; where to is left out of `open`.
  void Open(pb::Listen listen, pb::Open open = {});

  // Opens the listener alone, and gives its address.
  std::string Listen(pb::Listen listen);

  // Opens the channel alone, to where it says.
  void OpenChannel(pb::Open open);

  // Opens a listener with one scripted method, and the channel.
  void OpenScripted(pb::Shape shape, const pb::Script& script);

  // Opens a listener with one service, and the channel.
  void OpenService(const std::string& name);

  void Release(const std::string& name);
  void Shutdown(std::uint32_t grace_ms);
  void AbortListener();
  void AbortCall();

  // Begins call 1.
  void Begin(pb::Call call);

  // What came of call 1.
  pb::Result Result();

  // Makes a call and gives what came of it.
  pb::Result Make(pb::Call call);

  // The server's next event of a kind.
  pb::Began AwaitBegan();
  pb::Handled AwaitHandled();
  void AwaitReached(Driver& peer, const std::string& step);

 private:
  Driver client_;
  Driver server_;
};

// A call of `SayHello`, with the greeter's types and no steps.
pb::Call NewCall(pb::Shape shape, const std::string& method = kSayHello);

// A call of the greeter that is over within the limit.
pb::Call Greeting(const std::string& name = "World");

// A listener for the greeter.
pb::Listen GreeterListen();

// Adds a message with a name, `World` if it is not said, to a lane.
pb::Step* AddName(google::protobuf::RepeatedPtrField<pb::Step>* lane,
                  const std::string& name = "World");
void AddWait(google::protobuf::RepeatedPtrField<pb::Step>* lane, const std::string& latch,
             const std::string& name = "");

}  // namespace wirecheck::peer
