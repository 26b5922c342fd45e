// One call of a client, and its two lanes.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "wirecheck_peer/calls.h"
#include "wirecheck_peer/latches.h"
#include "wirecheck_peer/progress.h"
#include "wirecheck_peer/records.h"
#include "wirecheck_peer/stream.h"

namespace wirecheck::peer {

// The send lane has a thread of its own, the receive lane runs in the thread of the call, and the
// end of the call wakes whatever waits.
class ClientCall : public std::enable_shared_from_this<ClientCall> {
 public:
  ClientCall(pb::Call order, Plan plan, CallTarget target, Latches& latches, EventSink& events);

  // Makes the call and reports it.
  void Run();

  // Cancels the call, or keeps it from beginning.
  void Abort();

 private:
  void Fail(const std::string& why);
  void Begin(const grpc::ByteBuffer& request, bool uncompressed);
  void Finish();

  void SendLane();
  bool SendStep(const pb::Step& step);
  bool Send(const pb::Step& step);
  void HalfClose();

  void ReceiveLane();
  bool ReceiveStep(const pb::Step& step);
  bool AwaitHeaders();
  bool Receive(std::uint32_t count);
  bool AwaitResponse();
  bool Take(grpc::ByteBuffer& data);
  bool HasRefused();

  bool EitherStep(const pb::Step& step);
  void Done(const pb::Step& step);
  void Report();

  const pb::Call order_;
  const Plan plan_;
  const CallTarget target_;
  Latches& latches_;
  CallRecord record_;
  const std::shared_ptr<Progress> progress_ = std::make_shared<Progress>();

  std::mutex beginning_;
  std::shared_ptr<ClientStream> stream_;  // Null until the library has the call.
  std::promise<void> finished_;
  std::shared_future<void> when_finished_ = finished_.get_future().share();

  std::mutex failing_;
  std::optional<std::string> failure_;     // Why the peer itself could not go on.
  std::optional<grpc::Status> undecoded_;  // What the codec said of a response, if it refused one.
};

}  // namespace wirecheck::peer
