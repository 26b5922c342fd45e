// What a call leaves behind on either side, as events.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <grpcpp/support/status.h>

#include "wirecheck_peer/contract.h"
#include "wirecheck_peer/inbox.h"
#include "wirecheck_peer/metadata.h"
#include "wirecheck_peer/stdio.h"

namespace wirecheck::peer {

using Clock = std::chrono::steady_clock;

// What the library said at the end of a call.
struct Outcome {
  grpc::Status status;
  Entries leading;
  Entries trailing;
};

// A call as its client sees it, until it is reported.
class CallRecord {
 public:
  CallRecord(const pb::Call& order, EventSink& events);

  Inbox& inbox() { return inbox_; }

  // The call was handed to the library.
  void Begin();
  // Its status is known; whoever says so first is right.
  void End();
  // The harness cut the call off.
  void Abort();
  // Which step of a lane is begun, counted from 1.
  void StandsAtSend(int number);
  void StandsAtReceive(int number);
  // A step was reached; says so if it has a name, and never after the report.
  void Reached(const pb::Step& step);
  // Reports the outcome that the library gave.
  void Report(const Outcome& outcome);
  // Reports a call that was cut off before the library had it.
  void NeverBegan();
  // Reports that the peer itself failed.
  void CouldNotTry(const std::string& why);

 private:
  std::uint64_t Duration() const;
  void SendReport(pb::FromPeer event);

  const std::uint64_t call_;
  const bool whole_;
  Inbox inbox_;
  EventSink& events_;
  std::mutex mutex_;
  bool aborted_ = false;
  int stood_at_send_ = 0;
  int stood_at_receive_ = 0;
  bool reported_ = false;
  std::optional<Clock::time_point> began_at_;
  std::optional<Clock::time_point> ended_at_;
};

// A call as its handler sees it, from its entry to its end. Guarded by its register.
class HandlerRecord {
 public:
  // `whole`: messages may have to be reported in full.
  HandlerRecord(std::uint64_t listener, std::string method, bool streams_requests, bool whole);

  Inbox& inbox() { return inbox_; }
  const std::string& method() const { return method_; }

  void set_number(std::uint64_t number) { number_ = number; }
  std::uint64_t number() const { return number_; }
  // The script is not known before the handler is entered.
  void set_whole(bool whole) { whole_ = whole; }
  // What the library said of a handler's end.
  void SetDetail(const std::string& detail);
  // How the request stream ended.
  void SetRequestEnd(pb::RequestEnd end);

  // The events of the entry, of a step with a name, and of the end.
  pb::FromPeer Began(const ReceivedMetadata& metadata);
  pb::FromPeer Reached(const pb::Step& step) const;
  pb::FromPeer Handled(pb::CallEnd call_end);

 private:
  const std::uint64_t listener_;
  const std::string method_;
  Inbox inbox_;
  std::uint64_t number_ = 0;
  Clock::time_point entered_at_;
  std::mutex mutex_;
  bool whole_ = false;
  std::string detail_;
  pb::RequestEnd request_end_;
};

// The calls on a listener: their numbers, and who is still running.
//
// Under its lock an entry and its `Began`, an end and its `Handled` are one thing each, so the
// events come in the order of the numbers and nothing comes after the register was emptied.
class Register {
 public:
  explicit Register(EventSink& events) : events_(events) {}

  // Enters a handler; gives how many calls of its method were entered before it, and nothing if
  // the listener is closed: the handler must then not run.
  std::optional<int> Enter(const std::shared_ptr<HandlerRecord>& record,
                           const ReceivedMetadata& metadata, std::function<void()> abort);

  // A handler reached a step; says so if it has a name.
  void Reached(const HandlerRecord& record, const pb::Step& step);

  // A handler has ended.
  void Leave(HandlerRecord& record, pb::CallEnd call_end);

  // Cancels every call that is running.
  void AbortAll();

  // Lets nobody enter any more.
  void Close();

  // Waits until the last has left; false if that takes longer.
  bool AwaitIdle(Clock::time_point limit);

  // Reports those that could not be ended as running, and gives their number.
  std::uint32_t GiveUp();

 private:
  struct Entry {
    std::shared_ptr<HandlerRecord> record;
    std::function<void()> abort;
  };

  EventSink& events_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::uint64_t count_ = 0;
  std::map<std::string, int> method_counts_;
  std::map<std::uint64_t, Entry> running_;
  bool closed_ = false;
};

}  // namespace wirecheck::peer
