// What the harness says and is answered, whatever the role.
#pragma once

#include <stdexcept>
#include <string>

#include "wirecheck_peer/contract.h"
#include "wirecheck_peer/role.h"
#include "wirecheck_peer/stdio.h"

namespace wirecheck::peer {

constexpr std::size_t kMaxWhy = 1'000;  // Bytes of a reason.

// Takes a role by its name on the command line; `ROLE_UNSPECIFIED` if there is none of it.
pb::Role RoleNamed(const std::string& name);

// One conversation with the harness.
class Session {
 public:
  // `speaks` is the name of the role. `events` and `role` have to outlive the session.
  Session(std::string peer, std::string speaks, Role& role, EventWriter& events);

  // Begins one order and answers it if it cannot be begun. Throws BrokenContract.
  void Take(const pb::ToPeer& order);

 private:
  void Start(const pb::Start& start);
  void Begin(const pb::ToPeer& order);
  void DemandRole(const pb::ToPeer& order) const;
  void Refuse(const pb::ToPeer& order, const std::exception& error);

  const std::string peer_;
  const std::string name_;
  Role& role_;
  EventWriter& events_;
  bool started_ = false;
  bool deaf_ = false;  // After `Stop`, or when the harness speaks another version.
};

// The report of a call that was not carried out.
pb::FromPeer ReportRefusal(std::uint64_t call, const std::exception& error);

}  // namespace wirecheck::peer
