// What has happened in one call, and a way to wait for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "wirecheck_peer/contract.h"

namespace wirecheck::peer {

// A thing that happens once in a call: its kind and its name.
using Event = std::pair<char, std::string>;

// The library has the call.
inline Event Begun() { return {'b', ""}; }
// A step with a name is done.
inline Event StepDone(const std::string& name) { return {'s', name}; }
// A latch of the call's scope is open.
inline Event Released(const std::string& name) { return {'r', name}; }

// Events that happen once and stay; a wait ends with its event or with the call.
class Progress {
 public:
  // Whether the call has ended.
  bool Over();

  // Notes an event.
  void Happen(const Event& what);

  // The call has ended: nobody waits any longer.
  void End();

  // Waits for an event; false if the call ended without it.
  bool Wait(const Event& what);

  // Waits until the call has ended, for at most so long; whether it has.
  bool WaitForEnd(std::chrono::microseconds limit);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Event> happened_;
  bool over_ = false;
};

}  // namespace wirecheck::peer
