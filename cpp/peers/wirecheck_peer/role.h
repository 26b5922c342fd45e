// What a client and a server have in common.
#pragma once

#include "wirecheck_peer/contract.h"

namespace wirecheck::peer {

// A client or a server: it begins its orders at once.
class Role {
 public:
  virtual ~Role() = default;
  // Its part of `Ready`: the features and the limits.
  virtual pb::Ready Ready() const = 0;
  // Begins an order that is not of the life of the peer. Throws Unsupported or CouldNotTry.
  virtual void Begin(const pb::ToPeer& order) = 0;
  // Ends everything by force.
  virtual void Stop() = 0;
};

}  // namespace wirecheck::peer
