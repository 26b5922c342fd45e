#include "wirecheck_peer/options.h"

#include <climits>
#include <cstdint>
#include <functional>
#include <map>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <grpc/compression.h>
#include <grpc/impl/codegen/grpc_types.h>
#include <grpcpp/support/slice.h>

#include "wirecheck_peer/errors.h"

namespace wirecheck::peer {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int kNoLimit = -1;
constexpr std::uint32_t kMostHeaders = 16 * 1024 * 1024 - 1;  // Bytes: 16 MiB is not announced.
constexpr std::uint32_t kSmallestWindow = 5;  // Bytes: the prefix of a message.

// Which argument an option sets, and how its value may be.
struct Argument {
  const char* name;  // Null if it names a coding of messages, which is no matter of one argument.
  std::uint32_t smallest = 0;
  std::uint32_t largest = INT_MAX;
  bool unlimited = false;  // What is beyond an int is the same as no limit.
  // Without it the core would not keep to what is set; null if nothing is needed.
  const char* companion = nullptr;
};

using Table = std::map<std::string, Argument>;

// The smallest and the largest value of each are those that the core takes as they are: it puts
// others in the place of what is beyond.
const Table& CommonTable() {
  static const auto* const kTable = new Table{
      // No protobuf message is longer than an int can say.
      {"max_receive_message_size", {GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, 0, INT_MAX, true}},
      {"max_send_message_size", {GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, 0, INT_MAX, true}},
      {"max_header_list_size", {GRPC_ARG_MAX_METADATA_SIZE, 0, kMostHeaders}},
      // The core moves the window by its own estimate of the line.
      {"initial_stream_window",
       {GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kSmallestWindow, INT_MAX, false,
        GRPC_ARG_HTTP2_BDP_PROBE}},
      // It stops to ping after two pings without data.
      {"keepalive_interval_ms",
       {GRPC_ARG_KEEPALIVE_TIME_MS, 1, INT_MAX, false, GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA}},
      {"keepalive_timeout_ms", {GRPC_ARG_KEEPALIVE_TIMEOUT_MS}},
      {"compression", {nullptr}},
      {"accept_compression", {nullptr}},
  };
  return *kTable;
}

Table WithCommon(Table table) {
  table.insert(CommonTable().begin(), CommonTable().end());
  return table;
}

const Table& ServerTable() {
  static const auto* const kTable = new Table(WithCommon({
      {"max_concurrent_streams", {GRPC_ARG_MAX_CONCURRENT_STREAMS}},
      {"min_ping_interval_ms", {GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS}},
      {"max_connection_age_ms", {GRPC_ARG_MAX_CONNECTION_AGE_MS, 1}},
      {"max_connection_age_grace_ms", {GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS}},
  }));
  return *kTable;
}

const Table& ChannelTable() {
  static const auto* const kTable = new Table(WithCommon({
      {"keepalive_without_calls", {GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS}},
      {"authority", {GRPC_ARG_DEFAULT_AUTHORITY, 1}},  // An empty one would be none.
      {"user_agent", {GRPC_ARG_PRIMARY_USER_AGENT_STRING}},
  }));
  return *kTable;
}

int ToInt(const Message& options, const FieldDescriptor& field, const Argument& argument) {
  const auto& reflection = *options.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
    return reflection.GetBool(options, &field) ? 1 : 0;
  }
  const std::uint32_t value = reflection.GetUInt32(options, &field);
  if (value > INT_MAX && argument.unlimited) return kNoLimit;
  if (value > argument.largest || value < argument.smallest) {
    throw Unsupported("option:" + field.name());
  }
  return static_cast<int>(value);
}

std::string ToString(const Message& options, const FieldDescriptor& field,
                     const Argument& argument) {
  std::string value = options.GetReflection()->GetString(options, &field);
  if (value.size() < argument.smallest) throw Unsupported("option:" + field.name());
  return value;
}

// What gRPC C++ knows it accepts unasked. It knows more that it could send than gzip, but a server
// does not choose among them for each client: see SetServerArguments.
bool IsCoding(const std::string& name, bool sent) {
  grpc_compression_algorithm found;
  const grpc::Slice slice(name);
  const grpc_slice raw = slice.c_slice();
  const bool known = grpc_compression_algorithm_parse(raw, &found) != 0;
  grpc_slice_unref(raw);
  return known && (!sent || found == GRPC_COMPRESS_GZIP);
}

void DemandCoding(const Message& options, const FieldDescriptor& field) {
  const bool sent = field.name() == "compression";
  if (!IsCoding(options.GetReflection()->GetString(options, &field), sent)) {
    throw Unsupported("option:" + field.name());
  }
}

// Sets what is set, in the order of the schema.
void Apply(const Message& options, const Table& table,
           const std::function<void(const char*, int)>& set_int,
           const std::function<void(const char*, const std::string&)>& set_string) {
  std::vector<const FieldDescriptor*> fields;
  options.GetReflection()->ListFields(options, &fields);
  for (const FieldDescriptor* field : fields) {
    const auto found = table.find(field->name());
    if (found == table.end()) throw Unsupported("option:" + field->name());
    const Argument& argument = found->second;
    if (argument.name == nullptr) {
      DemandCoding(options, *field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      set_string(argument.name, ToString(options, *field, argument));
    } else {
      set_int(argument.name, ToInt(options, *field, argument));
    }
    if (argument.companion != nullptr) set_int(argument.companion, 0);
  }
}

std::vector<std::string> Features(const Message& options, const Table& table) {
  std::vector<std::string> names;
  const auto& descriptor = *options.GetDescriptor();
  for (int index = 0; index < descriptor.field_count(); ++index) {
    const std::string& name = descriptor.field(index)->name();
    if (table.count(name) > 0) names.push_back("option:" + name);
  }
  return names;
}

// The builder keeps the size limits itself, and would override an argument by its default.
void SetOnBuilder(grpc::ServerBuilder& builder, const std::string& name, int value) {
  if (name == GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH) {
    builder.SetMaxReceiveMessageSize(value);
  } else if (name == GRPC_ARG_MAX_SEND_MESSAGE_LENGTH) {
    builder.SetMaxSendMessageSize(value);
  } else {
    builder.AddChannelArgument(name, value);
  }
}

std::string Host(const pb::Tcp& tcp) { return tcp.ipv6() ? "[::1]" : "127.0.0.1"; }

}  // namespace

void SetServerArguments(const pb::ServerOptions& options, grpc::ServerBuilder& builder) {
  // The core would share a port with another listener of this machine without a word.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  Apply(
      options, ServerTable(),
      [&](const char* name, int value) { SetOnBuilder(builder, name, value); },
      [&](const char* name, const std::string& value) { builder.AddChannelArgument(name, value); });
  // By its level, and not by its name: what is set by name is sent to every client, and a level
  // only to those that accept a coding. The lowest one is gzip wherever gzip is accepted.
  if (options.has_compression()) builder.SetDefaultCompressionLevel(GRPC_COMPRESS_LEVEL_LOW);
}

grpc::ChannelArguments ChannelArgumentsOf(const pb::Open& order) {
  grpc::ChannelArguments arguments;
  // Channels to one address would share one connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // The proxy variables would redirect even calls to 127.0.0.1.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  Apply(
      order.options(), ChannelTable(),
      [&](const char* name, int value) { arguments.SetInt(name, value); },
      [&](const char* name, const std::string& value) {
        if (std::string(name) == GRPC_ARG_PRIMARY_USER_AGENT_STRING) {
          arguments.SetUserAgentPrefix(value);
        } else {
          arguments.SetString(name, value);
        }
      });
  if (order.options().has_compression()) arguments.SetCompressionAlgorithm(GRPC_COMPRESS_GZIP);
  // Both the name that is asked for and the one that the certificate must have.
  if (!order.tls().server_name().empty()) {
    arguments.SetSslTargetNameOverride(order.tls().server_name());
  }
  return arguments;
}

std::vector<std::string> ServerOptionFeatures() {
  return Features(pb::ServerOptions::default_instance(), ServerTable());
}

std::vector<std::string> ChannelOptionFeatures() {
  return Features(pb::ChannelOptions::default_instance(), ChannelTable());
}

std::string BindAddress(const pb::Transport& transport) {
  if (transport.has_tcp()) return Host(transport.tcp()) + ":0";
  if (transport.has_uds()) return "unix:" + transport.uds().path();
  throw CouldNotTry("the listener has no transport that this peer knows");
}

std::string BoundAddress(const pb::Transport& transport, int port) {
  if (transport.has_uds()) return transport.uds().path();
  return Host(transport.tcp()) + ":" + std::to_string(port);
}

}  // namespace wirecheck::peer
