// Handlers that follow a script.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "wirecheck_peer/handler.h"
#include "wirecheck_peer/latches.h"
#include "wirecheck_peer/reactor.h"
#include "wirecheck_peer/scripts.h"

namespace wirecheck::peer {

// Follows a script, each lane in a thread of its own. The lane that ends the call does so at once:
// gRPC C++ then ends what the other one may still wait for.
class ScriptedHandler : public std::enable_shared_from_this<ScriptedHandler> {
 public:
  ScriptedHandler(std::shared_ptr<const ScriptedMethod> method,
                  std::unique_ptr<Handling> handling, std::shared_ptr<ServerStream> stream,
                  Latches& latches, std::string scope);

  // Runs both lanes, and ends the call.
  void Respond();

 private:
  void SendLane();
  bool SendStep(const pb::Step& step);
  void ReceiveLane();
  bool ReceiveStep(const pb::Step& step);
  bool Receive(std::uint32_t count);
  bool Take(grpc::ByteBuffer& data);
  bool EitherStep(const pb::Step& step);
  bool Check(bool sent);
  bool Fail(const grpc::Status& status);
  void Done(const pb::Step& step);
  void LeaveLane();
  void Finish();

  const std::shared_ptr<const ScriptedMethod> method_;
  const std::unique_ptr<Handling> handling_;
  const std::shared_ptr<ServerStream> stream_;
  const pb::Script& script_;
  Latches& latches_;
  const std::string scope_;

  std::mutex mutex_;
  int lanes_ = 2;                        // That still run.
  bool finished_ = false;                // Whether the call has been ended.
  const pb::Step* ending_ = nullptr;     // The step that ends the call.
  std::optional<grpc::Status> failure_;  // What a lane ran into.
};

}  // namespace wirecheck::peer
