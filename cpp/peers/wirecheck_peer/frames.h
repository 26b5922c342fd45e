// Frames: an envelope's length as a varint, then the envelope. No input or output here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wirecheck_peer/contract.h"

namespace wirecheck::peer {

constexpr std::uint32_t kMagic = 0x57434B31;
constexpr std::size_t kMaxEnvelope = 8 * 1024 * 1024;  // Bytes.
constexpr std::chrono::seconds kHalfReadLimit{5};      // For which a frame may stay incomplete.

// Gives the frame of an envelope whose magic number is not yet set.
std::string Encode(pb::FromPeer envelope);

// Cuts the bytes of stdin into orders, however they were split over reads.
class FrameParser {
 public:
  // Whether a frame has begun and is not yet complete.
  bool HalfRead() const { return !buffer_.empty(); }

  // Takes bytes and appends the orders that they complete.
  //
  // It throws BrokenContract as early as the bytes show it: text that was read as a length must not
  // make the peer wait for a frame that never comes. Orders before that are still given.
  void Feed(std::string_view data, std::vector<pb::ToPeer>& orders);

 private:
  struct Header {
    std::size_t start;   // Of the envelope, in the buffer.
    std::size_t length;  // Of the envelope.
  };

  // The first frame that stands complete behind `taken` bytes, without its length.
  std::optional<std::string_view> TakeBody(std::size_t& taken) const;

  std::string buffer_;

  static std::optional<Header> ReadHeader(std::string_view rest);
  static void CheckPrefix(std::string_view body, std::size_t length);
};

}  // namespace wirecheck::peer
