#include "wirecheck_peer/features.h"

#include <algorithm>

#include <google/protobuf/descriptor.h>

#include "wirecheck_peer/errors.h"
#include "wirecheck_peer/options.h"
#include "wirecheck_peer/services.h"

namespace wirecheck::peer {

namespace {

bool Contains(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

const Names& Keep(Names names) { return *new const Names(std::move(names)); }

Names Join(std::initializer_list<Names> parts) {
  Names joined;
  for (const auto& part : parts) joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

Names ConnectionFeatures() { return {"tcp", "uds", "ipv6", "tls", "mtls"}; }

Names MessageFeatures() {
  return {"compression:gzip", "per-message-compression", "raw-messages",
          "dynamic-messages", "unknown-fields",          "types:grpc.testing"};
}

// The kind of a step by its field, `nothing` if this version knows none.
std::string StepKind(const pb::Step& step) {
  const auto* const kinds = pb::Step::descriptor()->FindOneofByName("kind");
  const auto* const field = step.GetReflection()->GetOneofFieldDescriptor(step, kinds);
  return field == nullptr ? "nothing" : field->name();
}

}  // namespace

const Names& ClientFeatures() {
  static const Names& features =
      Keep(Join({{"client"},
                 ConnectionFeatures(),
                 {"call-credentials"},
                 MessageFeatures(),
                 {"api-idiomatic", "api-stream", "await-headers", "leading-metadata"},
                 ChannelOptionFeatures()}));
  return features;
}

const Names& ServerFeatures() {
  static const Names& features = Keep(Join({{"server"},
                                            ConnectionFeatures(),
                                            MessageFeatures(),
                                            {"scripts", "graceful-shutdown"},
                                            ServerOptionFeatures(),
                                            ServiceFeatures()}));
  return features;
}

const Names& ClientSendSteps() {
  static const Names& kinds = Keep({"message", "raw", "half_close", "wait", "cancel"});
  return kinds;
}

const Names& ClientReceiveSteps() {
  static const Names& kinds = Keep({"await_headers", "receive", "wait", "cancel"});
  return kinds;
}

const Names& ServerSendSteps() {
  static const Names& kinds = Keep({"message", "raw", "wait", "headers", "status"});
  return kinds;
}

const Names& ServerReceiveSteps() {
  static const Names& kinds = Keep({"receive", "wait", "status"});
  return kinds;
}

void Demand(const Requires& required, const Names& known) {
  for (const auto& name : required) {
    if (!Contains(known, name)) throw Unsupported(name);
  }
}

void DemandSteps(const Steps& steps, const Names& known, const Names& kinds) {
  for (const auto& step : steps) Demand(step.requires(), known);
  for (int index = 0; index < steps.size(); ++index) {
    const std::string kind = StepKind(steps[index]);
    if (kind == "reset" || kind == "panic") throw Unsupported(kind);
    if (!Contains(kinds, kind)) {
      throw CouldNotTry("step " + std::to_string(index + 1) +
                        " of a lane has no place there: " + kind);
    }
  }
}

}  // namespace wirecheck::peer
