// Message types, and what is sent.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/message.h>
#include <grpcpp/impl/call_op_set.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include "wirecheck_peer/contract.h"

namespace wirecheck::peer {

using Steps = google::protobuf::RepeatedPtrField<pb::Step>;

// A message type, with what has to outlive its messages.
struct MessageType {
  std::shared_ptr<const void> keeper;  // Of the prototype; null if it is of the generated code.
  const google::protobuf::Message* prototype = nullptr;

  std::unique_ptr<google::protobuf::Message> New() const;
};

// Finds a message type: described by the order itself, or built in. Throws CouldNotTry.
MessageType FindMessageType(const std::string& name, const std::string& descriptor_set);

// Gives the bytes that a `message` or `raw` step sends: those of a message come from its own code.
grpc::ByteBuffer Outgoing(const pb::Step& step, const MessageType& type);

// Gives how a `message` or `raw` step is sent where a call may send many.
grpc::WriteOptions WriteOptionsOf(const pb::Step& step);

// Gives the bytes of a payload. Throws CouldNotTry.
std::string PayloadBytes(const pb::Payload& payload);

// Decodes a message as generated code does: the status is that of gRPC C++'s codec.
grpc::Status Decode(grpc::ByteBuffer& data, google::protobuf::Message& message);

// Gives the numbers, from 1, of the steps that send a message.
std::vector<int> PayloadSteps(const Steps& steps);

}  // namespace wirecheck::peer
