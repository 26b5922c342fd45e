// Metadata between the contract and gRPC C++.
#pragma once

#include <map>
#include <string>

#include <grpcpp/support/string_ref.h>

#include "wirecheck_peer/contract.h"

namespace wirecheck::peer {

using Entries = google::protobuf::RepeatedPtrField<pb::Metadatum>;
using ReceivedMetadata = std::multimap<grpc::string_ref, grpc::string_ref>;

// Throws CouldNotTry for metadata that the core library would not take: gRPC C++ ends the whole
// process for it.
void CheckMetadata(const Entries& entries);

// Gives metadata as gRPC C++ has it, cut where it would fill the better part of an envelope. It is
// a map there: sorted by key, with the order of a key's values kept.
Entries FromReceived(const ReceivedMetadata& received);

// Takes text as the contract's strings want it: what is not UTF-8 is left out.
std::string ValidUtf8(const std::string& text);

// Shortens text to so many bytes, and to what a string of protobuf may hold.
std::string Cut(const std::string& text, std::size_t limit);

}  // namespace wirecheck::peer
