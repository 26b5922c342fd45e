// A call of gRPC C++'s client, with operations that wait for their end.
//
// It is made through the library's interface for completion queues, the one of its two that does
// not wait by itself and lets a call's end be known while nobody reads. What waits here are the
// lanes of a call, each in its own thread.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/impl/call_op_set.h>
#include <grpcpp/support/byte_buffer.h>

#include "wirecheck_peer/metadata.h"

namespace wirecheck::peer {

// Hands the end of each operation to whoever waits for it, until the queue is shut down.
void RunCompletions(grpc::CompletionQueue& queue);

// What a call is made with.
struct CallTarget {
  std::shared_ptr<grpc::Channel> channel;
  std::string authority;  // Empty: the channel's own.
  grpc::CompletionQueue* queue;
  std::string method;
  bool streams_requests;
  bool streams_responses;
};

// How a kind of call carries its operations out: as generated code does. See stream_kinds.cc.
class Operations {
 public:
  virtual ~Operations() = default;
  // Whether a started call says when its headers are out; only then is StartCall's tag returned.
  virtual bool SaysStarted() const { return true; }
  // Each ends by its tag's return; a kind that lacks an operation is not asked for it.
  virtual void StartCall(void* tag) = 0;
  virtual void ReadInitialMetadata(void* tag) = 0;
  virtual void Write(const grpc::ByteBuffer& message, grpc::WriteOptions options, void* tag) = 0;
  virtual void WritesDone(void* tag) = 0;
  virtual void Read(grpc::ByteBuffer* message, void* tag) = 0;
  virtual void Finish(grpc::Status* status, void* tag) = 0;

  // `request` is sent and `response` is filled where there is exactly one.
  static std::unique_ptr<Operations> Make(const CallTarget& target, grpc::ClientContext& context,
                                          const grpc::ByteBuffer& request,
                                          grpc::ByteBuffer* response);
};

// What the context of a call says.
struct CallSettings {
  Entries metadata;
  std::optional<std::chrono::nanoseconds> timeout;
  std::string bearer_token;   // Empty: no call credentials.
  bool uncompressed = false;  // The one request, for which there are no options of a write.
};

class ClientStream : public std::enable_shared_from_this<ClientStream> {
 public:
  explicit ClientStream(const CallSettings& settings);

  // Begins the call. `finished` is called in the queue's thread when the status is known.
  void Start(const CallTarget& target, const grpc::ByteBuffer& request,
             std::function<void()> finished);

  // Sends a message; false if the call has ended.
  bool Send(const grpc::ByteBuffer& message, grpc::WriteOptions options);

  // Ends the requests.
  void CloseSend();

  // Waits for leading metadata, or for the end of a call without.
  void AwaitHeaders();

  // Receives a message; false if there is none any more.
  bool Receive(grpc::ByteBuffer& message);

  // Cancels the call, whatever waits.
  void Cancel() { context_.TryCancel(); }

  // Once the call has finished: what the library said, and the response where there is one.
  const grpc::Status& status() const { return status_; }
  grpc::ByteBuffer& response() { return response_; }
  Entries Leading() const { return FromReceived(context_.GetServerInitialMetadata()); }
  Entries Trailing() const { return FromReceived(context_.GetServerTrailingMetadata()); }

 private:
  bool Perform(const std::function<void(void* tag)>& start);
  void* NewTag(std::function<void(bool)> done);

  grpc::ClientContext context_;
  grpc::ByteBuffer response_;
  grpc::Status status_;
  std::unique_ptr<Operations> operations_;
  std::promise<bool> started_;
  std::shared_future<bool> when_started_ = started_.get_future().share();
  std::promise<void> headers_;
  std::shared_future<void> when_headers_ = headers_.get_future().share();
};

}  // namespace wirecheck::peer
