// TLS as the contract says it, as credentials of gRPC C++.
//
// gRPC C++ says in its log and nowhere else that it cannot use a PEM text, and what is made of one
// fails at its first connection. So the texts are read beforehand by OpenSSL, as gRPC C++ reads
// them, and what OpenSSL says is what an order is refused with.
#pragma once

#include <memory>

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include "wirecheck_peer/contract.h"

namespace wirecheck::peer {

// What a listener proves itself with; nothing in plain text. Throws CouldNotTry.
std::shared_ptr<grpc::ServerCredentials> ServerCredentialsOf(const pb::Listen& order);

// What a channel trusts and shows; nothing in plain text. Throws CouldNotTry.
std::shared_ptr<grpc::ChannelCredentials> ChannelCredentialsOf(const pb::Open& order);

}  // namespace wirecheck::peer
