// What this peer can do, by the contract's names.
//
// Not `panic`: nothing in gRPC C++ catches what is thrown in a reaction of its callback interface,
// so it would end the process, and with it all other calls. Not `reset`: gRPC C++ gives handlers no
// way to choose the code of RST_STREAM. Not `sees-compressed-flag`: only friends of the contexts,
// which are the library's own tests, can ask them for it.
#pragma once

#include <string>
#include <vector>

#include "wirecheck_peer/contract.h"
#include "wirecheck_peer/messages.h"

namespace wirecheck::peer {

using Names = std::vector<std::string>;
using Requires = google::protobuf::RepeatedPtrField<std::string>;

const Names& ClientFeatures();
const Names& ServerFeatures();

// The kinds of steps that a lane may have, by their fields.
const Names& ClientSendSteps();
const Names& ClientReceiveSteps();
const Names& ServerSendSteps();
const Names& ServerReceiveSteps();

// Refuses what this peer has never heard of: throws Unsupported.
void Demand(const Requires& required, const Names& known);

// Refuses a lane with a step that cannot be carried out; `kinds` are those of the lane. Throws
// Unsupported or CouldNotTry.
void DemandSteps(const Steps& steps, const Names& known, const Names& kinds);

}  // namespace wirecheck::peer
