// Scripted methods: checked when a listener is opened, then taken call by call.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "wirecheck_peer/contract.h"
#include "wirecheck_peer/messages.h"

namespace wirecheck::peer {

// A method that follows scripts.
struct ScriptedMethod {
  std::string path;
  bool streams_requests;
  bool streams_responses;
  MessageType request_type;
  MessageType response_type;
  std::vector<pb::Script> scripts;

  // The script of the call that `earlier` calls came before; the last one repeats.
  const pb::Script& ScriptAfter(int earlier) const;

  // Whether a call may have to report its messages in full: its script is not known before its
  // handler is entered.
  bool MayBeWhole() const;
};

using ScriptedMethods = std::map<std::string, std::shared_ptr<const ScriptedMethod>>;

// Gives the scripted methods of a listener by their paths. Throws Unsupported or CouldNotTry.
ScriptedMethods MakeScriptedMethods(const pb::Listen& order);

}  // namespace wirecheck::peer
