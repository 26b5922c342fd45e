// What a client must know of a call before it begins.
#pragma once

#include <chrono>
#include <optional>

#include "wirecheck_peer/contract.h"
#include "wirecheck_peer/messages.h"

namespace wirecheck::peer {

// Whether a method of this shape takes a stream.
bool StreamsRequests(pb::Shape shape);

// Whether a method of this shape gives a stream.
bool StreamsResponses(pb::Shape shape);

// Whether this version knows the shape.
bool IsShape(pb::Shape shape);

// A call that can be carried out.
struct Plan {
  bool streams_requests = false;
  bool streams_responses = false;
  MessageType request_type;
  MessageType response_type;
  std::optional<std::chrono::nanoseconds> timeout;
  int half_close_after = 0;  // The step of the send lane, from 1; 0 is the end of the lane.
};

// Checks an order in full, so that nothing is found lacking in the middle of a call. Throws
// Unsupported or CouldNotTry.
Plan MakePlan(const pb::Call& order);

}  // namespace wirecheck::peer
