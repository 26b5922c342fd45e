// What was seen of the messages that came in.
#pragma once

#include <mutex>
#include <string>

#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include "wirecheck_peer/contract.h"
#include "wirecheck_peer/messages.h"

namespace wirecheck::peer {

using SeenMessages = google::protobuf::RepeatedPtrField<pb::Seen>;

// Notes all messages of a call that are decoded, which is when somebody reads them.
class Inbox {
 public:
  // `whole`: messages may have to be reported in full.
  explicit Inbox(bool whole);

  // Decodes a message as generated code does, and notes what came of it.
  grpc::Status Take(grpc::ByteBuffer& data, const MessageType& type);

  // Notes a message that was decoded.
  void Note(const google::protobuf::Message& message);

  // Gives what was received, at most the first 1,000.
  SeenMessages Report(bool whole);

  // How many messages were received.
  std::uint64_t Count();

 private:
  void Refuse(const std::string& why);
  void Add(pb::Seen seen);
  std::string Head(std::string data);

  std::mutex mutex_;
  SeenMessages seen_;
  std::uint64_t count_ = 0;
  // An event must fit into an envelope, so the messages of a call share one allowance for what
  // goes beyond the first bytes of each.
  std::size_t allowance_;
};

}  // namespace wirecheck::peer
