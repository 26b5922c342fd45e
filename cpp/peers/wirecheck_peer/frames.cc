#include "wirecheck_peer/frames.h"

#include <algorithm>
#include <cstdio>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "wirecheck_peer/errors.h"

namespace wirecheck::peer {

namespace {

// The magic number as it stands on the wire: field 1, fixed32, little-endian.
constexpr std::string_view kPrefix{"\x0D\x31\x4B\x43\x57", 5};
constexpr std::size_t kMaxHeader = 5;  // Bytes of the varint of a length.

BrokenContract TooLong() {
  return BrokenContract("an envelope of more than " + std::to_string(kMaxEnvelope) + " bytes");
}

std::string Hex(std::string_view bytes) {
  std::string text;
  for (unsigned char octet : bytes) {
    char pair[4];
    std::snprintf(pair, sizeof pair, "%s%02x", text.empty() ? "" : " ", octet);
    text += pair;
  }
  return text;
}

pb::ToPeer Decode(std::string_view body) {
  pb::ToPeer order;
  if (!order.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    throw BrokenContract("an envelope cannot be decoded");
  }
  return order;
}

}  // namespace

std::string Encode(pb::FromPeer envelope) {
  envelope.set_magic(kMagic);
  std::string frame;
  {
    google::protobuf::io::StringOutputStream out(&frame);
    google::protobuf::io::CodedOutputStream coded(&out);
    coded.WriteVarint64(envelope.ByteSizeLong());
    envelope.SerializeToCodedStream(&coded);
  }
  return frame;
}

void FrameParser::Feed(std::string_view data, std::vector<pb::ToPeer>& orders) {
  buffer_.append(data);
  std::size_t taken = 0;
  while (const auto body = TakeBody(taken)) orders.push_back(Decode(*body));
  buffer_.erase(0, taken);
  // Lets go of what a long order has left behind.
  if (buffer_.empty()) buffer_.shrink_to_fit();
}

std::optional<std::string_view> FrameParser::TakeBody(std::size_t& taken) const {
  const std::string_view rest = std::string_view(buffer_).substr(taken);
  const auto header = ReadHeader(rest);
  if (!header) return std::nullopt;
  const std::string_view body = rest.substr(header->start, header->length);
  CheckPrefix(body, header->length);
  if (body.size() < header->length) return std::nullopt;
  taken += header->start + header->length;
  return body;
}

// Where the envelope starts and its length; nothing if that is not known yet.
std::optional<FrameParser::Header> FrameParser::ReadHeader(std::string_view rest) {
  std::size_t length = 0;
  for (std::size_t position = 0; position < rest.size(); ++position) {
    if (position >= kMaxHeader) throw TooLong();
    const auto octet = static_cast<unsigned char>(rest[position]);
    length |= static_cast<std::size_t>(octet & 0x7F) << (7 * position);
    if (length > kMaxEnvelope) throw TooLong();
    if (octet < 0x80) return Header{position + 1, length};
  }
  if (rest.size() >= kMaxHeader) throw TooLong();
  return std::nullopt;
}

void FrameParser::CheckPrefix(std::string_view body, std::size_t length) {
  if (length < kPrefix.size()) {
    throw BrokenContract("an envelope of " + std::to_string(length) +
                         " bytes has no room for the magic number");
  }
  const std::string_view begin = body.substr(0, kPrefix.size());
  if (kPrefix.substr(0, begin.size()) != begin) {
    throw BrokenContract("an envelope begins with " + Hex(begin) + ", not the magic number");
  }
}

}  // namespace wirecheck::peer
