#include "wirecheck_peer/scripted.h"

#include <thread>

namespace wirecheck::peer {

namespace {

// For the library to say that a call is cancelled, once an operation of the call has failed.
constexpr std::chrono::seconds kCancelLimit{1};

}  // namespace

ScriptedHandler::ScriptedHandler(std::shared_ptr<const ScriptedMethod> method,
                                 std::unique_ptr<Handling> handling,
                                 std::shared_ptr<ServerStream> stream, Latches& latches,
                                 std::string scope)
    : method_(std::move(method)),
      handling_(std::move(handling)),
      stream_(std::move(stream)),
      script_(method_->ScriptAfter(handling_->earlier())),
      latches_(latches),
      scope_(std::move(scope)) {
  handling_->record().set_whole(script_.whole());
}

void ScriptedHandler::Respond() {
  if (script_.receive().empty()) {
    LeaveLane();
  } else {
    std::thread([self = shared_from_this()] { self->ReceiveLane(); }).detach();
  }
  SendLane();
}

// ------------------------------------------------------------------ the lanes

void ScriptedHandler::SendLane() {
  for (const auto& step : script_.send()) {
    if (handling_->progress()->Over() || !SendStep(step)) break;
    Done(step);
  }
  LeaveLane();
}

bool ScriptedHandler::SendStep(const pb::Step& step) {
  if (step.has_message() || step.has_raw()) {
    return Check(stream_->Send(Outgoing(step, method_->response_type), WriteOptionsOf(step)));
  }
  if (step.has_headers()) return Check(stream_->SendHeaders(step.headers().metadata()));
  return EitherStep(step);
}

void ScriptedHandler::ReceiveLane() {
  for (const auto& step : script_.receive()) {
    if (handling_->progress()->Over() || !ReceiveStep(step)) break;
    Done(step);
  }
  LeaveLane();
}

bool ScriptedHandler::ReceiveStep(const pb::Step& step) {
  return step.has_receive() ? Receive(step.receive().count()) : EitherStep(step);
}

// Receives so many messages, or all.
bool ScriptedHandler::Receive(std::uint32_t count) {
  if (!method_->streams_requests) return true;
  for (std::uint32_t received = 0; count == 0 || received < count; ++received) {
    grpc::ByteBuffer data;
    switch (stream_->Receive(data)) {
      case Received::kMessage:
        if (!Take(data)) return false;
        break;
      case Received::kHalfClosed:
        handling_->record().SetRequestEnd(pb::REQUEST_END_HALF_CLOSED);
        return true;
      case Received::kCancelled:
        handling_->record().SetRequestEnd(pb::REQUEST_END_CANCELLED);
        return Fail({grpc::StatusCode::CANCELLED, ""});
      case Received::kLeft:
        return false;
    }
  }
  return true;
}

bool ScriptedHandler::Take(grpc::ByteBuffer& data) {
  const grpc::Status decoded = handling_->record().inbox().Take(data, method_->request_type);
  if (decoded.ok()) return true;
  handling_->record().SetRequestEnd(pb::REQUEST_END_ERROR);
  return Fail(decoded);
}

bool ScriptedHandler::EitherStep(const pb::Step& step) {
  if (step.has_wait()) {
    handling_->Reached(step);
    return WaitStep(step.wait(), latches_, scope_, handling_->progress());
  }
  Done(step);
  const std::lock_guard lock(mutex_);
  if (ending_ == nullptr) ending_ = &step;
  return false;
}

// The library says that it could not send, but not why: mostly because the call was cancelled, of
// which it then tells as well.
bool ScriptedHandler::Check(bool sent) {
  if (sent) return true;
  handling_->progress()->WaitForEnd(kCancelLimit);
  return Fail({grpc::StatusCode::UNKNOWN, "the response could not be sent"});
}

// Ends the handler with an error, as an `if (!ok) return` does in the handlers that people write.
bool ScriptedHandler::Fail(const grpc::Status& status) {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = status;
  return false;
}

void ScriptedHandler::Done(const pb::Step& step) {
  if (!step.has_wait()) handling_->Reached(step);
  if (!step.name().empty()) handling_->progress()->Happen(StepDone(step.name()));
}

// ------------------------------------------------------------------ the end

// A lane has ended. The call ends with it if it says so, or if it was the last one.
void ScriptedHandler::LeaveLane() {
  const std::lock_guard lock(mutex_);
  --lanes_;
  const bool decided = ending_ != nullptr || failure_.has_value();
  if (finished_ || (lanes_ > 0 && !decided)) return;
  finished_ = true;
  Finish();
  handling_->progress()->End();
}

void ScriptedHandler::Finish() {
  if (ending_ != nullptr) {
    const pb::Status& given = ending_->status();
    handling_->EndOfItsOwn();
    const grpc::Status status(static_cast<grpc::StatusCode>(given.code()), given.message(),
                              given.details());
    stream_->End(handling_->Leave(status), given.trailing());
  } else if (failure_) {
    stream_->End(handling_->Leave(*failure_), {});
  } else if (handling_->CutOff()) {
    stream_->End(handling_->Leave({grpc::StatusCode::CANCELLED, ""}), {});
  } else {
    stream_->End(handling_->Leave(grpc::Status::OK), {});
  }
}

}  // namespace wirecheck::peer
