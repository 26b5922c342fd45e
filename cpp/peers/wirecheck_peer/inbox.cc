#include "wirecheck_peer/inbox.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <openssl/sha.h>

#include "wirecheck_peer/metadata.h"

namespace wirecheck::peer {

namespace {

constexpr std::uint64_t kMaxSeen = 1'000;           // Messages that are reported one by one.
constexpr std::size_t kHeadSize = 4 * 1024;         // Bytes of a message always reported.
constexpr std::size_t kMaxWhole = 4 * 1024 * 1024;  // Bytes of the longest reported in full.
constexpr std::size_t kMaxError = 1'000;            // Bytes of a codec's error.

// Encodes a message in the deterministic form.
std::string EncodeAgain(const google::protobuf::Message& message) {
  std::string data;
  {
    google::protobuf::io::StringOutputStream out(&data);
    google::protobuf::io::CodedOutputStream coded(&out);
    coded.SetSerializationDeterministic(true);
    message.SerializePartialToCodedStream(&coded);
  }
  return data;
}

std::string Sha256(const std::string& data) {
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(data.data()), data.size(), hash);
  return {reinterpret_cast<const char*>(hash), sizeof hash};
}

}  // namespace

Inbox::Inbox(bool whole) : allowance_(whole ? kMaxWhole : 0) {}

grpc::Status Inbox::Take(grpc::ByteBuffer& data, const MessageType& type) {
  const auto message = type.New();
  grpc::Status decoded = Decode(data, *message);
  if (decoded.ok()) {
    Note(*message);
  } else {
    Refuse(decoded.error_message());
  }
  return decoded;
}

void Inbox::Note(const google::protobuf::Message& message) {
  const std::lock_guard lock(mutex_);
  pb::Seen seen;
  if (count_ < kMaxSeen) {
    std::string data = EncodeAgain(message);
    seen.set_length(data.size());
    seen.set_sha256(Sha256(data));
    seen.set_head(Head(std::move(data)));
  }
  Add(std::move(seen));
}

SeenMessages Inbox::Report(bool whole) {
  const std::lock_guard lock(mutex_);
  SeenMessages reported = seen_;
  if (whole) return reported;
  for (auto& seen : reported) {
    if (seen.head().size() > kHeadSize) seen.mutable_head()->resize(kHeadSize);
  }
  return reported;
}

std::uint64_t Inbox::Count() {
  const std::lock_guard lock(mutex_);
  return count_;
}

void Inbox::Refuse(const std::string& why) {
  const std::lock_guard lock(mutex_);
  pb::Seen seen;
  // The codec of C++ gives no reason, except for a required field that is not there.
  seen.set_codec_error(why.empty() ? "the message cannot be decoded" : Cut(why, kMaxError));
  Add(std::move(seen));
}

void Inbox::Add(pb::Seen seen) {
  if (++count_ <= kMaxSeen) *seen_.Add() = std::move(seen);
}

std::string Inbox::Head(std::string data) {
  if (data.size() <= kHeadSize) return data;
  if (data.size() > allowance_) return data.substr(0, kHeadSize);
  allowance_ -= data.size();
  return data;
}

}  // namespace wirecheck::peer
