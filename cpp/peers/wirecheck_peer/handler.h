// The frame around every handler: `Began` when it is entered, `Handled` when it is left.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <grpcpp/server_context.h>

#include "wirecheck_peer/progress.h"
#include "wirecheck_peer/records.h"

namespace wirecheck::peer {

// What a handler has around it. The context is gRPC C++'s, and has to outlive it.
class Handling {
 public:
  // Enters a handler. Null if the listener is closed: the handler must then not run.
  static std::unique_ptr<Handling> Enter(std::shared_ptr<HandlerRecord> record,
                                         std::shared_ptr<Register> entries,
                                         grpc::ServerContextBase& context,
                                         std::shared_ptr<Progress> progress);

  // Ends the handler with what gRPC C++ is to be told, which is given back.
  grpc::Status Leave(grpc::Status status);

  // A step was reached.
  void Reached(const pb::Step& step) { register_->Reached(*record_, step); }

  // Whether the call ended while the handler runs.
  bool CutOff() const { return *aborted_ || context_.IsCancelled(); }

  // Notes how reading requests came to its end.
  void NoteRequestEnd();

  HandlerRecord& record() { return *record_; }
  const std::shared_ptr<Progress>& progress() { return progress_; }
  int earlier() const { return earlier_; }  // Calls of the method that were entered before.

  // The handler ends on purpose: what it ends with is not the library's word.
  void EndOfItsOwn() { own_end_ = true; }

 private:
  Handling(std::shared_ptr<HandlerRecord> record, std::shared_ptr<Register> entries,
           grpc::ServerContextBase& context, std::shared_ptr<Progress> progress);

  pb::CallEnd CallEnd() const;

  const std::shared_ptr<HandlerRecord> record_;
  const std::shared_ptr<Register> register_;  // A lane may outlive its listener.
  grpc::ServerContextBase& context_;
  const std::shared_ptr<Progress> progress_;
  // By the harness. The library takes a moment to say that a call is cancelled from this side.
  const std::shared_ptr<std::atomic<bool>> aborted_ = std::make_shared<std::atomic<bool>>(false);
  int earlier_ = 0;
  bool own_end_ = false;
};

// What a handler is told that comes when its listener is closed.
grpc::Status ListenerClosed();

}  // namespace wirecheck::peer
