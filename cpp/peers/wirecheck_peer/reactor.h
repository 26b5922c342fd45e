// A call of gRPC C++'s server for methods of any path, with operations that wait for their end.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/impl/call_op_set.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include "wirecheck_peer/metadata.h"
#include "wirecheck_peer/progress.h"

namespace wirecheck::peer {

// What came of an attempt to receive.
enum class Received {
  kMessage,
  kHalfClosed,  // The end of the requests, in order.
  kCancelled,
  kLeft,  // The handler has ended the call meanwhile.
};

// The library calls the reactions; whoever handles the call waits in threads of its own, since a
// reaction must not. A call may have one operation of each kind under way.
//
// It lives until the library and the last thread have let go of it.
class ServerStream : public grpc::ServerGenericBidiReactor {
 public:
  using Handler = std::function<void(const std::shared_ptr<ServerStream>&)>;

  // Makes a reactor whose handler runs in a thread of its own and has to end the call by `End`. If
  // `read_first`, it is entered when the first request is there. `progress` ends when the call is
  // cancelled.
  static ServerStream* Make(grpc::GenericCallbackServerContext& context,
                            std::shared_ptr<Progress> progress, bool read_first, Handler handler);

  // Not to be touched once the call is ended.
  grpc::GenericCallbackServerContext& context() { return context_; }

  // The request that was read first; not valid if there was none.
  grpc::ByteBuffer& first() { return first_; }

  // Sends leading metadata; false if the call has ended.
  bool SendHeaders(const Entries& metadata);

  // Sends a message; false if the call has ended.
  bool Send(const grpc::ByteBuffer& message, grpc::WriteOptions options);

  // Receives a message.
  Received Receive(grpc::ByteBuffer& message);

  // Ends the call.
  void End(const grpc::Status& status, const Entries& trailing);

  void OnSendInitialMetadataDone(bool ok) override { headers_sent_.Set(ok); }
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override { written_.Set(ok); }
  void OnCancel() override { progress_->End(); }
  void OnDone() override;

 private:
  // The end of an operation, for the one that waits for it.
  template <typename Result>
  class Completion {
   public:
    void Set(Result result) {
      const std::lock_guard lock(mutex_);
      result_ = result;
      changed_.notify_all();
    }

    Result Take() {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return result_.has_value(); });
      const Result result = *result_;
      result_.reset();
      return result;
    }

   private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<Result> result_;
  };

  ServerStream(grpc::GenericCallbackServerContext& context, std::shared_ptr<Progress> progress,
               Handler handler);

  bool Start(const std::function<void()>& operation);
  void StartHandler();

  grpc::GenericCallbackServerContext& context_;
  const std::shared_ptr<Progress> progress_;
  Handler handler_;
  std::shared_ptr<ServerStream> self_;  // Until the library is done.
  bool reads_first_ = false;            // Whether the first request is being read.
  grpc::ByteBuffer first_;
  std::mutex mutex_;
  bool ended_ = false;  // Nothing may be begun on a call that was ended.
  Completion<bool> headers_sent_;
  Completion<bool> written_;
  Completion<Received> read_;
};

}  // namespace wirecheck::peer
