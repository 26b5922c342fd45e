#include "wirecheck_peer/stream.h"

#include <grpcpp/security/credentials.h>

namespace wirecheck::peer {

namespace {

// An operation that is under way. Keeps its call until the library has let go of it.
class Tag {
 public:
  Tag(std::shared_ptr<ClientStream> call, std::function<void(bool)> done)
      : call_(std::move(call)), done_(std::move(done)) {}

  void Complete(bool ok) const { done_(ok); }

 private:
  const std::shared_ptr<ClientStream> call_;
  const std::function<void(bool)> done_;
};

gpr_timespec After(std::chrono::nanoseconds timeout) {
  const gpr_timespec span = gpr_time_from_nanos(timeout.count(), GPR_TIMESPAN);
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), span);
}

}  // namespace

void RunCompletions(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) {
    const std::unique_ptr<Tag> operation(static_cast<Tag*>(tag));
    operation->Complete(ok);
  }
}

ClientStream::ClientStream(const CallSettings& settings) {
  for (const auto& entry : settings.metadata) context_.AddMetadata(entry.key(), entry.value());
  if (settings.timeout) context_.set_deadline(After(*settings.timeout));
  if (!settings.bearer_token.empty()) {
    context_.set_credentials(grpc::AccessTokenCredentials(settings.bearer_token));
  }
  if (settings.uncompressed) context_.set_compression_algorithm(GRPC_COMPRESS_NONE);
}

void ClientStream::Start(const CallTarget& target, const grpc::ByteBuffer& request,
                         std::function<void()> finished) {
  if (!target.authority.empty()) context_.set_authority(target.authority);
  operations_ = Operations::Make(target, context_, request, &response_);
  void* const start = operations_->SaysStarted()
                          ? NewTag([this](bool ok) { started_.set_value(ok); })
                          : nullptr;
  operations_->StartCall(start);
  operations_->ReadInitialMetadata(NewTag([this](bool) { headers_.set_value(); }));
  // Asked for at once, so that the end is known whatever the lanes wait for.
  operations_->Finish(&status_, NewTag([done = std::move(finished)](bool) { done(); }));
}

bool ClientStream::Send(const grpc::ByteBuffer& message, grpc::WriteOptions options) {
  if (!when_started_.get()) return false;
  return Perform([&](void* tag) { operations_->Write(message, options, tag); });
}

void ClientStream::CloseSend() {
  // What fails here is seen by the receive lane as well.
  if (when_started_.get()) Perform([&](void* tag) { operations_->WritesDone(tag); });
}

void ClientStream::AwaitHeaders() { when_headers_.get(); }

bool ClientStream::Receive(grpc::ByteBuffer& message) {
  return Perform([&](void* tag) { operations_->Read(&message, tag); });
}

// Carries an operation out and waits for its end, which comes at the latest with the call's.
bool ClientStream::Perform(const std::function<void(void* tag)>& start) {
  // Shared, as the one who sets it is not done with it when the one who waits is.
  const auto done = std::make_shared<std::promise<bool>>();
  auto when_done = done->get_future();
  start(NewTag([done](bool ok) { done->set_value(ok); }));
  return when_done.get();
}

void* ClientStream::NewTag(std::function<void(bool)> done) {
  return new Tag(shared_from_this(), std::move(done));
}

}  // namespace wirecheck::peer
