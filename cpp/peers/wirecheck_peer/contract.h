// The contract's generated code, under the name that this peer calls it by.
#pragma once

#include "wirecheck/v1/peer.pb.h"

namespace wirecheck::peer {

namespace pb = wirecheck::v1;

}  // namespace wirecheck::peer
