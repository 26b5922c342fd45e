#include "wirecheck_peer/call.h"

#include <thread>

#include "wirecheck_peer/errors.h"

namespace wirecheck::peer {

ClientCall::ClientCall(pb::Call order, Plan plan, CallTarget target, Latches& latches,
                       EventSink& events)
    : order_(std::move(order)),
      plan_(std::move(plan)),
      target_(std::move(target)),
      latches_(latches),
      record_(order_, events) {}

void ClientCall::Run() {
  std::thread([call = shared_from_this()] { call->SendLane(); }).detach();
  ReceiveLane();
  Report();
}

void ClientCall::Abort() {
  const std::lock_guard lock(beginning_);
  if (!progress_->Over()) record_.Abort();
  if (stream_ == nullptr) {
    progress_->End();
  } else {
    stream_->Cancel();
  }
}

// A part of the call could not be carried out; that is the peer's, and ends the call.
void ClientCall::Fail(const std::string& why) {
  {
    const std::lock_guard lock(failing_);
    if (!failure_) failure_ = why;
  }
  const std::lock_guard lock(beginning_);
  if (stream_ != nullptr) stream_->Cancel();
  record_.End();
  progress_->End();
}

void ClientCall::Begin(const grpc::ByteBuffer& request, bool uncompressed) {
  const std::lock_guard lock(beginning_);
  if (progress_->Over()) return;
  record_.Begin();
  stream_ = std::make_shared<ClientStream>(
      CallSettings{order_.metadata(), plan_.timeout, order_.bearer_token(), uncompressed});
  stream_->Start(target_, request, [call = shared_from_this()] { call->Finish(); });
  progress_->Happen(Begun());
}

// The library has said how the call ended, maybe before `Begin` is through.
void ClientCall::Finish() {
  const std::lock_guard lock(beginning_);
  record_.End();
  finished_.set_value();
  progress_->End();
}

// ------------------------------------------------------------------ the lanes

void ClientCall::SendLane() {
  if (plan_.streams_requests) Begin({}, /*uncompressed=*/false);
  const int half_close_after =
      plan_.half_close_after == 0 ? order_.send_size() : plan_.half_close_after;
  for (int number = 1; number <= order_.send_size(); ++number) {
    const pb::Step& step = order_.send(number - 1);
    record_.StandsAtSend(number);
    if (!SendStep(step)) return;
    if (number == half_close_after) HalfClose();
    Done(step);
  }
  if (order_.send_size() == 0) HalfClose();
}

bool ClientCall::SendStep(const pb::Step& step) {
  if (step.has_message() || step.has_raw()) return Send(step);
  // Its place in the lane says when, see the caller.
  if (step.has_half_close()) return true;
  return EitherStep(step);
}

bool ClientCall::Send(const pb::Step& step) {
  grpc::ByteBuffer message;
  try {
    message = Outgoing(step, plan_.request_type);
  } catch (const CouldNotTry& error) {
    Fail(error.what());
    return false;
  }
  if (!plan_.streams_requests) {
    Begin(message, step.uncompressed());
    return true;
  }
  return progress_->Wait(Begun()) && stream_->Send(message, WriteOptionsOf(step));
}

void ClientCall::HalfClose() {
  if (plan_.streams_requests && progress_->Wait(Begun())) stream_->CloseSend();
}

void ClientCall::ReceiveLane() {
  for (int number = 1; number <= order_.receive_size(); ++number) {
    const pb::Step& step = order_.receive(number - 1);
    record_.StandsAtReceive(number);
    if (!ReceiveStep(step)) break;
    Done(step);
  }
  Receive(0);
}

bool ClientCall::ReceiveStep(const pb::Step& step) {
  if (step.has_await_headers()) return AwaitHeaders();
  if (step.has_receive()) return Receive(step.receive().count());
  return EitherStep(step);
}

bool ClientCall::AwaitHeaders() {
  if (!progress_->Wait(Begun())) return false;
  stream_->AwaitHeaders();
  return true;
}

// Receives so many messages, or all; false if the call ended before that.
bool ClientCall::Receive(std::uint32_t count) {
  if (!progress_->Wait(Begun())) return false;
  if (!plan_.streams_responses) return AwaitResponse();
  for (std::uint32_t received = 0; count == 0 || received < count; ++received) {
    grpc::ByteBuffer data;
    if (HasRefused() || !stream_->Receive(data) || !Take(data)) {
      when_finished_.get();
      return count == 0;
    }
  }
  return true;
}

bool ClientCall::AwaitResponse() {
  when_finished_.get();
  grpc::ByteBuffer& response = stream_->response();
  if (!stream_->status().ok()) return false;
  const bool taken = !response.Valid() || Take(response);
  // Noted once, whatever comes after it in the lane.
  response.Clear();
  return taken;
}

// Decodes a message, which somebody with a generic stub does himself, and ends the call where that
// fails.
bool ClientCall::Take(grpc::ByteBuffer& data) {
  const grpc::Status decoded = record_.inbox().Take(data, plan_.response_type);
  if (decoded.ok()) return true;
  stream_->Cancel();
  const std::lock_guard lock(failing_);
  undecoded_ = decoded;
  return false;
}

bool ClientCall::HasRefused() {
  const std::lock_guard lock(failing_);
  return undecoded_.has_value();
}

bool ClientCall::EitherStep(const pb::Step& step) {
  if (step.has_wait()) {
    record_.Reached(step);
    return WaitStep(step.wait(), latches_, order_.scope(), progress_);
  }
  if (!progress_->Wait(Begun())) return false;
  stream_->Cancel();
  return true;
}

void ClientCall::Done(const pb::Step& step) {
  if (!step.has_wait()) record_.Reached(step);
  if (!step.name().empty()) progress_->Happen(StepDone(step.name()));
}

// ------------------------------------------------------------------ the report

void ClientCall::Report() {
  const std::lock_guard lock(failing_);
  if (failure_) {
    record_.CouldNotTry(*failure_);
  } else if (!progress_->Wait(Begun())) {
    record_.NeverBegan();
  } else {
    record_.Report({undecoded_.value_or(stream_->status()), stream_->Leading(),
                    stream_->Trailing()});
  }
}

}  // namespace wirecheck::peer
