// The server role.
#pragma once

#include <map>
#include <memory>

#include "wirecheck_peer/latches.h"
#include "wirecheck_peer/listener.h"
#include "wirecheck_peer/role.h"
#include "wirecheck_peer/stdio.h"

namespace wirecheck::peer {

// Has listeners. Lives as long as its process.
class Server : public Role {
 public:
  explicit Server(EventSink& events) : events_(events) {}

  pb::Ready Ready() const override;
  void Begin(const pb::ToPeer& order) override;
  void Stop() override;

 private:
  void Listen(const pb::Listen& order);
  void Shutdown(const pb::Shutdown& order);
  void Unlisten(const pb::Unlisten& order);
  void Abort(const pb::Abort& order);
  std::shared_ptr<Listener> Find(std::uint64_t number) const;

  EventSink& events_;
  Latches latches_;
  std::map<std::uint64_t, std::shared_ptr<Listener>> listeners_;  // Of the thread of the orders.
};

}  // namespace wirecheck::peer
