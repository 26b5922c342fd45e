#include "wirecheck_peer/client.h"

#include <thread>

#include <grpcpp/create_channel.h>

#include "wirecheck_peer/credentials.h"
#include "wirecheck_peer/errors.h"
#include "wirecheck_peer/features.h"
#include "wirecheck_peer/options.h"

namespace wirecheck::peer {

namespace {

constexpr std::size_t kMaxCalls = 1'000;

CouldNotTry NoChannel(std::uint64_t number) {
  return CouldNotTry("there is no channel " + std::to_string(number));
}

}  // namespace

Client::Client(EventSink& events) : events_(events) {
  std::thread([this] { RunCompletions(queue_); }).detach();
}

pb::Ready Client::Ready() const {
  pb::Ready ready;
  for (const auto& name : ClientFeatures()) ready.add_features(name);
  ready.set_max_calls(kMaxCalls);
  return ready;
}

void Client::Begin(const pb::ToPeer& order) {
  switch (order.order_case()) {
    case pb::ToPeer::kOpen:
      return Open(order.open());
    case pb::ToPeer::kClose:
      return Close(order.close());
    case pb::ToPeer::kCall:
      return Call(order.call());
    case pb::ToPeer::kAbort:
      return Abort(order.abort());
    case pb::ToPeer::kRelease:
      return latches_.Release(order.release().scope(), order.release().name());
    case pb::ToPeer::kEndScope:
      return latches_.EndScope(order.end_scope().scope());
    default:
      return;
  }
}

// Makes a channel, which does not connect yet.
void Client::Open(const pb::Open& order) {
  Demand(order.requires(), ClientFeatures());
  channels_[order.channel()] = {
      grpc::CreateCustomChannel(order.target(), ChannelCredentialsOf(order),
                                ChannelArgumentsOf(order)),
      // Over TLS the name of the server takes the place of what the channel is told.
      order.has_tls() ? order.options().authority() : ""};
  pb::FromPeer event;
  event.mutable_opened()->set_channel(order.channel());
  events_.Send(std::move(event));
}

// Lets go of a channel; one that still has calls goes with the last of them.
void Client::Close(const pb::Close& order) {
  if (channels_.erase(order.channel()) == 0) throw NoChannel(order.channel());
  pb::FromPeer event;
  event.mutable_closed()->set_channel(order.channel());
  events_.Send(std::move(event));
}

// Begins a call.
void Client::Call(const pb::Call& order) {
  Plan plan = MakePlan(order);
  const OpenChannel& open = Find(order.channel());
  CallTarget target{open.channel,   open.authority,        &queue_,
                    order.method(), plan.streams_requests, plan.streams_responses};
  const std::lock_guard lock(mutex_);
  if (calls_.size() >= kMaxCalls) {
    throw CouldNotTry(std::to_string(kMaxCalls) + " calls are running already");
  }
  auto call = std::make_shared<ClientCall>(order, std::move(plan), std::move(target), latches_,
                                           events_);
  calls_[order.call()] = call;
  std::thread([this, number = order.call(), call] { Run(number, call); }).detach();
}

// Cancels a call; one that has ended already is left alone.
void Client::Abort(const pb::Abort& order) {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(order.call());
  if (found != calls_.end()) found->second->Abort();
}

void Client::Stop() {
  const std::lock_guard lock(mutex_);
  for (const auto& [number, call] : calls_) call->Abort();
  channels_.clear();
}

const OpenChannel& Client::Find(std::uint64_t channel) const {
  const auto found = channels_.find(channel);
  if (found == channels_.end()) throw NoChannel(channel);
  return found->second;
}

void Client::Run(std::uint64_t number, const std::shared_ptr<ClientCall>& call) {
  call->Run();
  const std::lock_guard lock(mutex_);
  calls_.erase(number);
}

}  // namespace wirecheck::peer
