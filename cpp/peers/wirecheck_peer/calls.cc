#include "wirecheck_peer/calls.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "wirecheck_peer/errors.h"
#include "wirecheck_peer/features.h"
#include "wirecheck_peer/metadata.h"

namespace wirecheck::peer {

namespace {

void DemandAll(const pb::Call& order) {
  Demand(order.requires(), ClientFeatures());
  DemandSteps(order.send(), ClientFeatures(), ClientSendSteps());
  DemandSteps(order.receive(), ClientFeatures(), ClientReceiveSteps());
}

bool IsStreamApi(pb::Api api) {
  if (!pb::Api_IsValid(api)) throw Unsupported("api-" + std::to_string(api));
  return api == pb::API_STREAM;
}

// It becomes metadata, and what holds for all metadata holds for it.
void CheckToken(const std::string& token) {
  Entries entries;
  auto* const entry = entries.Add();
  entry->set_key("authorization");
  entry->set_value("Bearer " + token);
  CheckMetadata(entries);
}

std::optional<std::chrono::nanoseconds> Timeout(const pb::Call& order) {
  if (!order.has_timeout_ns()) return std::nullopt;
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  return std::chrono::nanoseconds(
      static_cast<std::int64_t>(std::min<std::uint64_t>(order.timeout_ns(), kMost)));
}

int HalfCloseAfter(const Steps& send, bool takes_stream) {
  const auto payloads = PayloadSteps(send);
  if (!takes_stream && payloads.size() != 1) {
    throw CouldNotTry("a call with one request has " + std::to_string(payloads.size()) +
                      " messages to send");
  }
  const int last = payloads.empty() ? 0 : payloads.back();
  int half_close = 0;
  for (int number = 1; number <= send.size(); ++number) {
    if (!send[number - 1].has_half_close()) continue;
    if (half_close != 0 || number < last) {
      throw CouldNotTry("a half_close step stands before a message or another half_close");
    }
    half_close = number;
  }
  return half_close == 0 ? last : half_close;
}

}  // namespace

bool StreamsRequests(pb::Shape shape) {
  return shape == pb::SHAPE_CLIENT_STREAMING || shape == pb::SHAPE_BIDIRECTIONAL;
}

bool StreamsResponses(pb::Shape shape) {
  return shape == pb::SHAPE_SERVER_STREAMING || shape == pb::SHAPE_BIDIRECTIONAL;
}

bool IsShape(pb::Shape shape) {
  return shape != pb::SHAPE_UNSPECIFIED && pb::Shape_IsValid(shape);
}

Plan MakePlan(const pb::Call& order) {
  DemandAll(order);
  const bool most_general = IsStreamApi(order.api());
  if (!IsShape(order.shape())) {
    throw CouldNotTry("the call has no shape: " + std::to_string(order.shape()));
  }
  CheckMetadata(order.metadata());
  CheckToken(order.bearer_token());
  Plan plan;
  plan.streams_requests = most_general || StreamsRequests(order.shape());
  plan.streams_responses = most_general || StreamsResponses(order.shape());
  plan.request_type = FindMessageType(order.request_type(), order.descriptor_set());
  plan.response_type = FindMessageType(order.response_type(), order.descriptor_set());
  plan.timeout = Timeout(order);
  plan.half_close_after = HalfCloseAfter(order.send(), plan.streams_requests);
  return plan;
}

}  // namespace wirecheck::peer
