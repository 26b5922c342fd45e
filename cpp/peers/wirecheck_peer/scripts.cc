#include "wirecheck_peer/scripts.h"

#include <algorithm>
#include <climits>

#include "wirecheck_peer/calls.h"
#include "wirecheck_peer/errors.h"
#include "wirecheck_peer/features.h"
#include "wirecheck_peer/metadata.h"

namespace wirecheck::peer {

namespace {

void CheckSteps(const Steps& steps) {
  for (const auto& step : steps) {
    if (step.has_headers()) CheckMetadata(step.headers().metadata());
    if (!step.has_status()) continue;
    CheckMetadata(step.status().trailing());
    if (step.status().code() > INT_MAX) {
      throw CouldNotTry("gRPC C++ has no status code " + std::to_string(step.status().code()));
    }
  }
}

void CheckHeaders(const pb::Script& script) {
  bool sent = false;
  for (const auto& step : script.send()) {
    // gRPC C++ ends the whole process for it.
    if (step.has_headers() && sent) throw CouldNotTry("headers stand where they are sent already");
    sent = sent || step.has_headers() || step.has_message() || step.has_raw();
  }
}

void Check(const pb::Script& script, const ScriptedMethod& method) {
  DemandSteps(script.send(), ServerFeatures(), ServerSendSteps());
  DemandSteps(script.receive(), ServerFeatures(), ServerReceiveSteps());
  const auto payloads = PayloadSteps(script.send());
  if (payloads.size() > 1 && !method.streams_responses) {
    throw CouldNotTry(method.path + " has one response and a script with " +
                      std::to_string(payloads.size()));
  }
  // Built for its errors: a handler has no way to say that its script cannot be followed.
  for (const int number : payloads) Outgoing(script.send(number - 1), method.response_type);
  CheckHeaders(script);
  CheckSteps(script.send());
  CheckSteps(script.receive());
}

std::shared_ptr<const ScriptedMethod> MakeMethod(const pb::MethodScripts& given,
                                                 const std::string& descriptor_set) {
  if (!IsShape(given.shape())) {
    throw CouldNotTry(given.method() + " has no shape: " + std::to_string(given.shape()));
  }
  if (given.scripts().empty()) throw CouldNotTry(given.method() + " has no script");
  const auto method = std::make_shared<ScriptedMethod>(
      ScriptedMethod{given.method(),
                     StreamsRequests(given.shape()),
                     StreamsResponses(given.shape()),
                     FindMessageType(given.request_type(), descriptor_set),
                     FindMessageType(given.response_type(), descriptor_set),
                     {given.scripts().begin(), given.scripts().end()}});
  for (const auto& script : method->scripts) Check(script, *method);
  return method;
}

}  // namespace

const pb::Script& ScriptedMethod::ScriptAfter(int earlier) const {
  return scripts[std::min(static_cast<std::size_t>(earlier), scripts.size() - 1)];
}

bool ScriptedMethod::MayBeWhole() const {
  return std::any_of(scripts.begin(), scripts.end(),
                     [](const pb::Script& script) { return script.whole(); });
}

ScriptedMethods MakeScriptedMethods(const pb::Listen& order) {
  ScriptedMethods methods;
  for (const auto& given : order.scripts()) {
    if (!methods.emplace(given.method(), MakeMethod(given, order.descriptor_set())).second) {
      throw CouldNotTry("two lists of scripts have the same path");
    }
  }
  return methods;
}

}  // namespace wirecheck::peer
