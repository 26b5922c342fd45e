// Drives the peer's program as the harness does, for tests.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>

#include "wirecheck_peer/contract.h"

namespace wirecheck::peer {

// Gives the frame of an order whose magic number is not yet set.
std::string FrameOf(pb::ToPeer order);

// The program as a child with pipes. Every wait is bounded; one that fails throws.
class Driver {
 public:
  // Starts the program with a role, and `Start` if that is wanted.
  explicit Driver(const std::string& role, bool start = true);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  const pb::Ready& ready() const { return ready_; }

  void Send(const pb::ToPeer& order) { Write(FrameOf(order)); }
  void Write(const std::string& bytes);

  // The next event.
  pb::FromPeer Next();

  // The next event that is wanted; those before it are left out.
  pb::FromPeer Await(const std::function<bool(const pb::FromPeer&)>& wanted);

  // Ends stdin, and gives the exit status of the program.
  int Finish();

 private:
  void Read();

  pid_t child_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::string buffer_;
  pb::Ready ready_;
};

}  // namespace wirecheck::peer
