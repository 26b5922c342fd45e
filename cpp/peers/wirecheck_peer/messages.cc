#include "wirecheck_peer/messages.h"

#include <functional>
#include <map>
#include <mutex>

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/dynamic_message.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include "wirecheck_peer/errors.h"
#include "grpc/testing/empty.pb.h"
#include "grpc/testing/messages.pb.h"
#include "hello.pb.h"
#include "helloworld.pb.h"

namespace wirecheck::peer {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::Message;

constexpr std::uint64_t kMaxFill = 64 * 1024 * 1024;  // Bytes of all fills of one payload.
constexpr std::size_t kMaxPools = 32;                 // Descriptor sets kept for the next order.

const Message* BuiltIn(const std::string& name) {
  static const auto* const kPrototypes = [] {
    auto* prototypes = new std::map<std::string, const Message*>;
    for (const Message* prototype : std::initializer_list<const Message*>{
             &HelloRequest::default_instance(),
             &HelloReply::default_instance(),
             &helloworld::HelloRequest::default_instance(),
             &helloworld::HelloReply::default_instance(),
             &grpc::testing::Empty::default_instance(),
             &grpc::testing::SimpleRequest::default_instance(),
             &grpc::testing::SimpleResponse::default_instance(),
             &grpc::testing::StreamingInputCallRequest::default_instance(),
             &grpc::testing::StreamingInputCallResponse::default_instance(),
             &grpc::testing::StreamingOutputCallRequest::default_instance(),
             &grpc::testing::StreamingOutputCallResponse::default_instance(),
         }) {
      prototypes->emplace(prototype->GetDescriptor()->full_name(), prototype);
    }
    return prototypes;
  }();
  const auto found = kPrototypes->find(name);
  return found == kPrototypes->end() ? nullptr : found->second;
}

// Keeps the first thing that is wrong with a descriptor set.
class FirstError : public DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element, const Message*, ErrorLocation,
                const std::string& message) override {
    if (text_.empty()) text_ = file + ": " + element + ": " + message;
  }

  void DemandNone() const {
    if (!text_.empty()) throw CouldNotTry("the descriptor set cannot be used: " + text_);
  }

 private:
  std::string text_;
};

// The types of one descriptor set.
class DescribedTypes {
 public:
  explicit DescribedTypes(const std::string& descriptor_set) : pool_(&database_, &error_) {
    google::protobuf::FileDescriptorSet set;
    if (!set.ParseFromString(descriptor_set)) {
      throw CouldNotTry("the descriptor set cannot be decoded");
    }
    for (const auto& file : set.file()) {
      if (!database_.Add(file)) {
        throw CouldNotTry("the descriptor set cannot be used: " + file.name() +
                          " has what stands in another file");
      }
    }
    // All at once: a file that is wrong must be found with the order, not in a call.
    for (const auto& file : set.file()) pool_.FindFileByName(file.name());
    error_.DemandNone();
  }

  // Null if the set has no such message.
  const Message* Find(const std::string& name) {
    const Descriptor* descriptor = pool_.FindMessageTypeByName(name);
    return descriptor == nullptr ? nullptr : factory_.GetPrototype(descriptor);
  }

 private:
  google::protobuf::SimpleDescriptorDatabase database_;
  FirstError error_;
  DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_;  // Its prototypes end before the pool does.
};

std::shared_ptr<DescribedTypes> FindTypes(const std::string& descriptor_set) {
  static std::mutex mutex;
  static auto* const known = new std::map<std::string, std::shared_ptr<DescribedTypes>>;
  const std::lock_guard lock(mutex);
  const auto found = known->find(descriptor_set);
  if (found != known->end()) return found->second;
  auto types = std::make_shared<DescribedTypes>(descriptor_set);
  if (known->size() >= kMaxPools) known->clear();
  known->emplace(descriptor_set, types);
  return types;
}

void CheckPiece(const pb::Piece& piece, std::uint64_t& fills) {
  const std::uint64_t count = piece.fill().count();
  fills += count;
  if (count > kMaxFill || fills > kMaxFill) {
    throw CouldNotTry("the fills of a payload are longer than " + std::to_string(kMaxFill) +
                      " bytes");
  }
  if (piece.fill().byte() > 0xFF) {
    throw CouldNotTry("a fill repeats " + std::to_string(piece.fill().byte()) +
                      ", which is no byte");
  }
}

grpc::ByteBuffer RawBuffer(const std::string& data) {
  const grpc::Slice slice(data);
  return {&slice, 1};
}

}  // namespace

std::unique_ptr<Message> MessageType::New() const {
  return std::unique_ptr<Message>(prototype->New());
}

MessageType FindMessageType(const std::string& name, const std::string& descriptor_set) {
  const Message* const built_in = BuiltIn(name);
  if (descriptor_set.empty()) {
    if (built_in != nullptr) return {nullptr, built_in};
    throw CouldNotTry("\"" + name + "\" is not built in and no descriptor set came with it");
  }
  const auto types = FindTypes(descriptor_set);
  if (const Message* const described = types->Find(name)) return {types, described};
  if (built_in != nullptr) return {nullptr, built_in};
  throw CouldNotTry("the descriptor set has no message \"" + name + "\"");
}

grpc::ByteBuffer Outgoing(const pb::Step& step, const MessageType& type) {
  if (step.has_raw()) return RawBuffer(PayloadBytes(step.raw()));
  const auto message = type.New();
  if (!message->ParseFromString(PayloadBytes(step.message()))) {
    throw CouldNotTry("the given message cannot be decoded");
  }
  grpc::ByteBuffer data;
  bool own_buffer = false;
  const grpc::Status encoded =
      grpc::SerializationTraits<Message>::Serialize(*message, &data, &own_buffer);
  if (!encoded.ok()) {
    throw CouldNotTry("the given message cannot be encoded: " + encoded.error_message());
  }
  return data;
}

grpc::WriteOptions WriteOptionsOf(const pb::Step& step) {
  grpc::WriteOptions options;
  if (step.uncompressed()) options.set_no_compression();
  return options;
}

std::string PayloadBytes(const pb::Payload& payload) {
  std::uint64_t fills = 0;
  for (const auto& piece : payload.pieces()) CheckPiece(piece, fills);
  std::string data;
  for (const auto& piece : payload.pieces()) {
    if (piece.has_fill()) {
      data.append(piece.fill().count(), static_cast<char>(piece.fill().byte()));
    } else {
      data += piece.bytes();
    }
  }
  return data;
}

grpc::Status Decode(grpc::ByteBuffer& data, Message& message) {
  return grpc::SerializationTraits<Message>::Deserialize(&data, &message);
}

std::vector<int> PayloadSteps(const Steps& steps) {
  std::vector<int> numbers;
  for (int index = 0; index < steps.size(); ++index) {
    if (steps[index].has_message() || steps[index].has_raw()) numbers.push_back(index + 1);
  }
  return numbers;
}

}  // namespace wirecheck::peer
