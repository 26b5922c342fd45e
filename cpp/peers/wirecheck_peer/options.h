// The contract's options as gRPC C++'s channel arguments.
//
// What is not in a table cannot be set through gRPC C++ and is `Unsupported`; so is a value that
// the core library would replace by another one of its own.
#pragma once

#include <string>
#include <vector>

#include <grpcpp/server_builder.h>
#include <grpcpp/support/channel_arguments.h>

#include "wirecheck_peer/contract.h"

namespace wirecheck::peer {

// Sets what a listener is made with. Throws Unsupported.
void SetServerArguments(const pb::ServerOptions& options, grpc::ServerBuilder& builder);

// Gives what a channel is made with. Throws Unsupported.
grpc::ChannelArguments ChannelArgumentsOf(const pb::Open& order);

// The features of the options that can be set, in the order of the schema.
std::vector<std::string> ServerOptionFeatures();
std::vector<std::string> ChannelOptionFeatures();

// Where a listener binds, as gRPC C++ wants it said. Throws CouldNotTry.
std::string BindAddress(const pb::Transport& transport);

// Where a listener bound, as the contract wants it said.
std::string BoundAddress(const pb::Transport& transport, int port);

}  // namespace wirecheck::peer
