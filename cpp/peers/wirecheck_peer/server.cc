#include "wirecheck_peer/server.h"

#include <future>
#include <thread>

#include "wirecheck_peer/errors.h"
#include "wirecheck_peer/features.h"

namespace wirecheck::peer {

namespace {

constexpr std::size_t kMaxHandlers = 1'000;
constexpr std::size_t kMaxListeners = 256;
constexpr std::chrono::seconds kStopLimit{1};  // For all listeners together.

}  // namespace

pb::Ready Server::Ready() const {
  pb::Ready ready;
  for (const auto& name : ServerFeatures()) ready.add_features(name);
  ready.set_max_handlers(kMaxHandlers);
  ready.set_max_listeners(kMaxListeners);
  return ready;
}

void Server::Begin(const pb::ToPeer& order) {
  switch (order.order_case()) {
    case pb::ToPeer::kListen:
      return Listen(order.listen());
    case pb::ToPeer::kShutdown:
      return Shutdown(order.shutdown());
    case pb::ToPeer::kUnlisten:
      return Unlisten(order.unlisten());
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

// Opens a listener.
void Server::Listen(const pb::Listen& order) {
  Demand(order.requires(), ServerFeatures());
  if (listeners_.size() >= kMaxListeners) {
    throw CouldNotTry(std::to_string(kMaxListeners) + " listeners are open already");
  }
  const auto listener = std::make_shared<Listener>(order, events_, latches_);
  const std::string address = listener->Start(order);
  listeners_[order.listener()] = listener;
  pb::FromPeer event;
  event.mutable_listening()->set_listener(order.listener());
  event.mutable_listening()->set_address(address);
  events_.Send(std::move(event));
}

// Shuts a listener down in the middle of a cell.
void Server::Shutdown(const pb::Shutdown& order) {
  Demand(order.requires(), ServerFeatures());
  std::thread([this, order, listener = Find(order.listener())] {
    listener->Shutdown(std::chrono::milliseconds(order.grace_ms()));
    pb::FromPeer event;
    event.mutable_shut_down()->set_listener(order.listener());
    events_.Send(std::move(event));
  }).detach();
}

// Ends a listener by force.
void Server::Unlisten(const pb::Unlisten& order) {
  const auto listener = Find(order.listener());
  listeners_.erase(order.listener());
  std::thread([this, order, listener] {
    const std::uint32_t left = Listener::End(listener);
    pb::FromPeer event;
    event.mutable_unlistened()->set_listener(order.listener());
    event.mutable_unlistened()->set_still_running(left);
    events_.Send(std::move(event));
  }).detach();
}

// Cancels every call on a listener.
void Server::Abort(const pb::Abort& order) {
  const auto found = listeners_.find(order.listener());
  if (found != listeners_.end()) found->second->Abort();
}

void Server::Stop() {
  const auto stopped = std::make_shared<std::promise<void>>();
  std::thread([listeners = std::move(listeners_), stopped] {
    for (const auto& [number, listener] : listeners) {
      listener->Shutdown(std::chrono::milliseconds(0));
    }
    stopped->set_value();
  }).detach();
  listeners_.clear();
  stopped->get_future().wait_for(kStopLimit);
}

std::shared_ptr<Listener> Server::Find(std::uint64_t number) const {
  const auto found = listeners_.find(number);
  if (found == listeners_.end()) {
    throw CouldNotTry("there is no listener " + std::to_string(number));
  }
  return found->second;
}

}  // namespace wirecheck::peer
