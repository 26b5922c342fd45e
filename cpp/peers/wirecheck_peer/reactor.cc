#include "wirecheck_peer/reactor.h"

#include <thread>

namespace wirecheck::peer {

ServerStream* ServerStream::Make(grpc::GenericCallbackServerContext& context,
                                 std::shared_ptr<Progress> progress, bool read_first,
                                 Handler handler) {
  auto* const stream = new ServerStream(context, std::move(progress), std::move(handler));
  stream->self_.reset(stream);
  stream->reads_first_ = read_first;
  if (read_first) {
    stream->StartRead(&stream->first_);
  } else {
    stream->StartHandler();
  }
  return stream;
}

ServerStream::ServerStream(grpc::GenericCallbackServerContext& context,
                           std::shared_ptr<Progress> progress, Handler handler)
    : context_(context), progress_(std::move(progress)), handler_(std::move(handler)) {}

bool ServerStream::SendHeaders(const Entries& metadata) {
  const bool begun = Start([&] {
    for (const auto& entry : metadata) context_.AddInitialMetadata(entry.key(), entry.value());
    StartSendInitialMetadata();
  });
  return begun && headers_sent_.Take();
}

bool ServerStream::Send(const grpc::ByteBuffer& message, grpc::WriteOptions options) {
  return Start([&] { StartWrite(&message, options); }) && written_.Take();
}

Received ServerStream::Receive(grpc::ByteBuffer& message) {
  return Start([&] { StartRead(&message); }) ? read_.Take() : Received::kLeft;
}

void ServerStream::End(const grpc::Status& status, const Entries& trailing) {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  for (const auto& entry : trailing) context_.AddTrailingMetadata(entry.key(), entry.value());
  Finish(status);
}

void ServerStream::OnReadDone(bool ok) {
  if (reads_first_) {
    reads_first_ = false;
    return StartHandler();
  }
  if (ok) return read_.Set(Received::kMessage);
  read_.Set(context_.IsCancelled() ? Received::kCancelled : Received::kHalfClosed);
}

void ServerStream::OnDone() {
  // The context goes now; the stream itself may still have somebody who waits in it.
  const auto self = std::move(self_);
}

// Begins an operation, unless the call is ended.
bool ServerStream::Start(const std::function<void()>& operation) {
  const std::lock_guard lock(mutex_);
  if (!ended_) operation();
  return !ended_;
}

void ServerStream::StartHandler() {
  std::thread([self = self_] { self->handler_(self); }).detach();
}

}  // namespace wirecheck::peer
