// The client role.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <grpcpp/channel.h>
#include <grpcpp/completion_queue.h>

#include "wirecheck_peer/call.h"
#include "wirecheck_peer/latches.h"
#include "wirecheck_peer/role.h"
#include "wirecheck_peer/stdio.h"

namespace wirecheck::peer {

// A channel, and what its calls have to say themselves.
struct OpenChannel {
  std::shared_ptr<grpc::Channel> channel;
  std::string authority;  // Empty: the channel says it.
};

// Has channels, and the calls on them. Lives as long as its process.
class Client : public Role {
 public:
  explicit Client(EventSink& events);

  pb::Ready Ready() const override;
  void Begin(const pb::ToPeer& order) override;
  void Stop() override;

 private:
  void Open(const pb::Open& order);
  void Close(const pb::Close& order);
  void Call(const pb::Call& order);
  void Abort(const pb::Abort& order);
  const OpenChannel& Find(std::uint64_t channel) const;
  void Run(std::uint64_t number, const std::shared_ptr<ClientCall>& call);

  EventSink& events_;
  Latches latches_;
  grpc::CompletionQueue queue_;
  std::map<std::uint64_t, OpenChannel> channels_;  // Of the orders' thread.
  std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<ClientCall>> calls_;
};

}  // namespace wirecheck::peer
