#include "wirecheck_peer/metadata.h"

#include <grpc/grpc.h>
#include <grpcpp/support/slice.h>

#include "wirecheck_peer/errors.h"
#include "wirecheck_peer/stdio.h"

namespace wirecheck::peer {

namespace {

constexpr std::size_t kMaxReported = 1024 * 1024;  // Bytes of keys and values.

bool IsLegal(const grpc::Slice& key, const grpc::Slice& value) {
  const grpc_slice raw_key = key.c_slice();
  const grpc_slice raw_value = value.c_slice();
  const bool legal_value =
      grpc_is_binary_header(raw_key) || grpc_header_nonbin_value_is_legal(raw_value);
  const bool legal = legal_value && grpc_header_key_is_legal(raw_key);
  grpc_slice_unref(raw_key);
  grpc_slice_unref(raw_value);
  return legal;
}

// How many bytes the character at `position` has; 0 if it is not one in UTF-8.
std::size_t CharacterSize(const std::string& text, std::size_t position) {
  const auto at = [&](std::size_t index) {
    return index < text.size() ? static_cast<unsigned char>(text[index]) : 0U;
  };
  const unsigned first = at(position);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xC2 && first < 0xE0   ? 2
                           : first >= 0xE0 && first < 0xF0 ? 3
                           : first >= 0xF0 && first < 0xF5 ? 4
                                                           : 0;
  for (std::size_t next = 1; next < size; ++next) {
    if ((at(position + next) & 0xC0) != 0x80) return 0;
  }
  const unsigned second = at(position + 1);
  // Overlong forms, surrogates, and what lies beyond the last code point.
  const bool excluded = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                        (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
  return excluded ? 0 : size;
}

}  // namespace

void CheckMetadata(const Entries& entries) {
  for (const auto& entry : entries) {
    if (!IsLegal(entry.key(), entry.value())) {
      throw CouldNotTry("gRPC C++ cannot send metadata with the key \"" + entry.key() +
                        "\" and this value");
    }
  }
}

Entries FromReceived(const ReceivedMetadata& received) {
  Entries entries;
  std::size_t size = 0;
  for (const auto& [key, value] : received) {
    size += key.size() + value.size();
    if (size > kMaxReported) {
      Log("metadata of more than " + std::to_string(kMaxReported) + " bytes is cut");
      break;
    }
    auto* entry = entries.Add();
    entry->set_key(key.data(), key.size());
    entry->set_value(value.data(), value.size());
  }
  return entries;
}

std::string ValidUtf8(const std::string& text) {
  std::string valid;
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t size = CharacterSize(text, position);
    valid.append(text, position, size);
    position += size == 0 ? 1 : size;
  }
  return valid;
}

std::string Cut(const std::string& text, std::size_t limit) {
  return ValidUtf8(text.substr(0, limit));
}

}  // namespace wirecheck::peer
