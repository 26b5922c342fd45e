#include "wirecheck_peer/handler.h"

namespace wirecheck::peer {

std::unique_ptr<Handling> Handling::Enter(std::shared_ptr<HandlerRecord> record,
                                          std::shared_ptr<Register> entries,
                                          grpc::ServerContextBase& context,
                                          std::shared_ptr<Progress> progress) {
  std::unique_ptr<Handling> handling(
      new Handling(std::move(record), std::move(entries), context, std::move(progress)));
  // Runs under the register's lock, while the handler is entered and its context is there.
  const auto abort = [&context, aborted = handling->aborted_, progress = handling->progress_] {
    *aborted = true;
    context.TryCancel();
    progress->End();
  };
  const auto earlier =
      handling->register_->Enter(handling->record_, context.client_metadata(), abort);
  if (!earlier) return nullptr;
  handling->earlier_ = *earlier;
  return handling;
}

Handling::Handling(std::shared_ptr<HandlerRecord> record, std::shared_ptr<Register> entries,
                   grpc::ServerContextBase& context, std::shared_ptr<Progress> progress)
    : record_(std::move(record)),
      register_(std::move(entries)),
      context_(context),
      progress_(std::move(progress)) {}

grpc::Status Handling::Leave(grpc::Status status) {
  if (!status.ok() && !own_end_) record_->SetDetail(status.error_message());
  register_->Leave(*record_, CallEnd());
  return status;
}

void Handling::NoteRequestEnd() {
  record_->SetRequestEnd(CutOff() ? pb::REQUEST_END_CANCELLED : pb::REQUEST_END_HALF_CLOSED);
}

// gRPC C++ says only that a call is cancelled; a handler looks at its deadline for the reason.
pb::CallEnd Handling::CallEnd() const {
  if (!CutOff()) return pb::CALL_END_RETURNED;
  return std::chrono::system_clock::now() >= context_.deadline() ? pb::CALL_END_DEADLINE
                                                                 : pb::CALL_END_CANCELLED;
}

grpc::Status ListenerClosed() { return {grpc::StatusCode::UNAVAILABLE, "the listener is closed"}; }

}  // namespace wirecheck::peer
