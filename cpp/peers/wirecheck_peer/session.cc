#include "wirecheck_peer/session.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/stubs/common.h>
#include <grpc/grpc.h>
#include <grpcpp/grpcpp.h>

#include "wirecheck_peer/errors.h"
#include "wirecheck_peer/metadata.h"

namespace wirecheck::peer {

namespace {

constexpr std::uint32_t kContractVersion = 1;

// The role that carries an order out; both roles know the others.
std::string RoleOf(const pb::ToPeer& order) {
  switch (order.order_case()) {
    case pb::ToPeer::kListen:
    case pb::ToPeer::kUnlisten:
    case pb::ToPeer::kShutdown:
      return "server";
    case pb::ToPeer::kOpen:
    case pb::ToPeer::kClose:
    case pb::ToPeer::kCall:
      return "client";
    default:
      return "";
  }
}

// Says why an order was not carried out, in a message that has both reasons.
template <typename Reason>
void SetReason(Reason& reason, const std::exception& error) {
  if (dynamic_cast<const Unsupported*>(&error) != nullptr) {
    reason.mutable_unsupported()->set_feature(error.what());
  } else {
    reason.mutable_could_not_try()->set_why(Cut(error.what(), kMaxWhy));
  }
}

std::string OrderName(const pb::ToPeer& order) {
  const auto* const orders = pb::ToPeer::descriptor()->FindOneofByName("order");
  return order.GetReflection()->GetOneofFieldDescriptor(order, orders)->name();
}

void AddVersion(pb::Ready& ready, const std::string& name, const std::string& version) {
  auto* const entry = ready.add_versions();
  entry->set_name(name);
  entry->set_version(version);
}

void AddVersions(pb::Ready& ready) {
  AddVersion(ready, "c++", "17");
  AddVersion(ready, "gcc", __VERSION__);
  AddVersion(ready, "grpc++", grpc::Version());
  AddVersion(ready, "protobuf",
             google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION));
  // The core library has a number of its own, and HTTP/2 with it.
  AddVersion(ready, "grpc-core", grpc_version_string());
}

}  // namespace

pb::Role RoleNamed(const std::string& name) {
  if (name == "client") return pb::ROLE_CLIENT;
  if (name == "server") return pb::ROLE_SERVER;
  return pb::ROLE_UNSPECIFIED;
}

Session::Session(std::string peer, std::string speaks, Role& role, EventWriter& events)
    : peer_(std::move(peer)), name_(std::move(speaks)), role_(role), events_(events) {}

void Session::Take(const pb::ToPeer& order) {
  if (order.order_case() == pb::ToPeer::ORDER_NOT_SET) {
    throw BrokenContract("an envelope without an order that this version knows");
  }
  if (order.has_start() == started_) {
    throw BrokenContract(OrderName(order) + " came " + (started_ ? "twice" : "before start"));
  }
  if (order.has_start()) {
    Start(order.start());
  } else if (order.has_stop()) {
    deaf_ = true;
    events_.Mute();
    role_.Stop();
  } else if (!deaf_) {
    Begin(order);
  }
}

void Session::Start(const pb::Start& start) {
  if (start.role() != RoleNamed(name_)) {
    throw BrokenContract("start asks for role " + std::to_string(start.role()) + " of a " + name_);
  }
  started_ = true;
  deaf_ = start.contract_version() != kContractVersion;
  pb::FromPeer event;
  pb::Ready& ready = *event.mutable_ready();
  ready = role_.Ready();
  ready.set_contract_version(kContractVersion);
  ready.set_peer(peer_);
  AddVersions(ready);
  events_.Send(std::move(event));
}

void Session::Begin(const pb::ToPeer& order) {
  try {
    DemandRole(order);
    role_.Begin(order);
  } catch (const std::exception& error) {
    // Whatever it is, it is this order's; the others go on.
    Refuse(order, error);
  }
}

void Session::DemandRole(const pb::ToPeer& order) const {
  const std::string needed = RoleOf(order);
  if (!needed.empty() && needed != name_) throw Unsupported(needed);
}

void Session::Refuse(const pb::ToPeer& order, const std::exception& error) {
  pb::FromPeer event;
  pb::Refused& refused = *event.mutable_refused();
  switch (order.order_case()) {
    case pb::ToPeer::kCall:
      return events_.Send(ReportRefusal(order.call().call(), error));
    case pb::ToPeer::kOpen:
      refused.set_channel(order.open().channel());
      break;
    case pb::ToPeer::kClose:
      refused.set_channel(order.close().channel());
      break;
    case pb::ToPeer::kListen:
      refused.set_listener(order.listen().listener());
      break;
    case pb::ToPeer::kUnlisten:
      refused.set_listener(order.unlisten().listener());
      break;
    case pb::ToPeer::kShutdown:
      refused.set_listener(order.shutdown().listener());
      break;
    default:
      return Log(std::string("an order failed: ") + error.what());
  }
  SetReason(refused, error);
  events_.Send(std::move(event));
}

pb::FromPeer ReportRefusal(std::uint64_t call, const std::exception& error) {
  pb::FromPeer event;
  event.mutable_report()->set_call(call);
  SetReason(*event.mutable_report(), error);
  return event;
}

}  // namespace wirecheck::peer
