// The peer's standard streams: frames on the real stdout, everything else on stderr.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "wirecheck_peer/contract.h"

namespace wirecheck::peer {

constexpr int kExitBrokenContract = 70;
constexpr std::chrono::seconds kCloseLimit{1};

// Keeps the real stdout for frames and lets whatever prints write to the log instead. Gives the
// descriptor of the real one; throws std::system_error.
int TakeStdout();

// Writes one line for the log.
void Log(const std::string& line);

// Blocks SIGTERM and SIGINT for all threads and gives a descriptor that becomes readable when one
// of them asks the peer to end. To be called before there are other threads.
int EndSignals();

// Gives each order on `input` to `take`, until its end or until `end` becomes readable.
void ReadOrders(int input, int end, const std::function<void(const pb::ToPeer&)>& take);

// Where events go. Whoever sends one must not be kept waiting.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void Send(pb::FromPeer event) = 0;
};

// Writes events in a thread of its own.
//
// Whoever sends an event must not wait for the harness to read it: orders would stop being read,
// and both sides could wait for each other. The contract bounds what can queue up here: each event
// answers an order or belongs to a call.
class EventWriter : public EventSink {
 public:
  explicit EventWriter(int output);

  // Queues one event.
  void Send(pb::FromPeer event) override;

  // Lets nothing more be written, as `Stop` demands.
  void Mute() { muted_ = true; }

  // Writes what is queued and ends, in at most the limit.
  void Close(std::chrono::milliseconds limit);

 private:
  void WriteAll();
  std::vector<std::string> TakeFrames();
  void Write(const std::string& frame);

  const int output_;
  std::atomic<bool> muted_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> frames_;
  bool closed_ = false;
  bool done_ = false;
};

// Ends the process once the frame that is being written is out. It waits for no other thread: some
// may hang in a handler, and no destructor runs.
[[noreturn]] void Leave(EventWriter& events, int status);

}  // namespace wirecheck::peer
