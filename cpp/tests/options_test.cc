#include "wirecheck_peer/options.h"

#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>

#include "wirecheck_peer/errors.h"

namespace wirecheck::peer {
namespace {

// The value of an integer argument; fails the test if it is not set.
int IntOf(const grpc::ChannelArguments& arguments, const char* name) {
  const grpc_channel_args raw = arguments.c_channel_args();
  for (std::size_t index = 0; index < raw.num_args; ++index) {
    if (std::strcmp(raw.args[index].key, name) == 0) return raw.args[index].value.integer;
  }
  ADD_FAILURE() << name << " is not set";
  return 0;
}

std::string StringOf(const grpc::ChannelArguments& arguments, const char* name) {
  const grpc_channel_args raw = arguments.c_channel_args();
  for (std::size_t index = 0; index < raw.num_args; ++index) {
    if (std::strcmp(raw.args[index].key, name) == 0) return raw.args[index].value.string;
  }
  return "not set";
}

template <typename Options, typename Set>
std::string RefusedBecause(const Set& set, Options options) {
  try {
    set(options);
  } catch (const Unsupported& error) {
    return error.what();
  }
  return "not refused";
}

grpc::ChannelArguments ArgumentsOf(const pb::ChannelOptions& options) {
  pb::Open order;
  *order.mutable_options() = options;
  return ChannelArgumentsOf(order);
}

std::string RefusedOfChannel(const pb::ChannelOptions& options) {
  return RefusedBecause([](const auto& given) { ArgumentsOf(given); }, options);
}

std::string RefusedOfServer(const pb::ServerOptions& options) {
  const auto set = [](const auto& given) {
    grpc::ServerBuilder builder;
    SetServerArguments(given, builder);
  };
  return RefusedBecause(set, options);
}

TEST(Options, AChannelKeepsItsConnectionAndTakesNoProxy) {
  const auto arguments = ChannelArgumentsOf({});
  EXPECT_EQ(IntOf(arguments, GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL), 1);
  EXPECT_EQ(IntOf(arguments, GRPC_ARG_ENABLE_HTTP_PROXY), 0);
}

TEST(Options, AChannelsOptionsAreSet) {
  pb::ChannelOptions options;
  options.set_max_receive_message_size(1000);
  options.set_max_header_list_size(2000);
  options.set_initial_stream_window(70'000);
  options.set_keepalive_interval_ms(3000);
  options.set_keepalive_without_calls(true);
  options.set_authority("shop.test");
  options.set_user_agent("mine");
  const auto arguments = ArgumentsOf(options);
  EXPECT_EQ(IntOf(arguments, GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH), 1000);
  EXPECT_EQ(IntOf(arguments, GRPC_ARG_MAX_METADATA_SIZE), 2000);
  EXPECT_EQ(IntOf(arguments, GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES), 70'000);
  EXPECT_EQ(IntOf(arguments, GRPC_ARG_HTTP2_BDP_PROBE), 0);
  EXPECT_EQ(IntOf(arguments, GRPC_ARG_KEEPALIVE_TIME_MS), 3000);
  EXPECT_EQ(IntOf(arguments, GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA), 0);
  EXPECT_EQ(IntOf(arguments, GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS), 1);
  EXPECT_EQ(StringOf(arguments, GRPC_ARG_DEFAULT_AUTHORITY), "shop.test");
  EXPECT_EQ(StringOf(arguments, GRPC_ARG_PRIMARY_USER_AGENT_STRING).rfind("mine ", 0), 0U);
}

TEST(Options, ASizeBeyondAnIntIsNoLimit) {
  pb::ChannelOptions options;
  options.set_max_send_message_size(0xFFFFFFFF);
  EXPECT_EQ(IntOf(ArgumentsOf(options), GRPC_ARG_MAX_SEND_MESSAGE_LENGTH), -1);
}

TEST(Options, WhatCannotBeHonouredIsUnsupported) {
  pb::ChannelOptions window;
  window.set_initial_connection_window(70'000);
  EXPECT_EQ(RefusedOfChannel(window), "option:initial_connection_window");
  pb::ChannelOptions authority;
  authority.set_authority("");
  EXPECT_EQ(RefusedOfChannel(authority), "option:authority");
  pb::ServerOptions headers;
  headers.set_max_header_list_size(16 * 1024 * 1024);
  EXPECT_EQ(RefusedOfServer(headers), "option:max_header_list_size");
  pb::ServerOptions small;
  small.set_initial_stream_window(4);
  EXPECT_EQ(RefusedOfServer(small), "option:initial_stream_window");
  pb::ServerOptions connection;
  connection.set_initial_connection_window(70'000);
  EXPECT_EQ(RefusedOfServer(connection), "option:initial_connection_window");
}

TEST(Options, TheServersNameIsAskedForAndChecked) {
  pb::Open order;
  order.mutable_tls()->set_server_name("shop.test");
  EXPECT_EQ(StringOf(ChannelArgumentsOf(order), GRPC_SSL_TARGET_NAME_OVERRIDE_ARG), "shop.test");
}

TEST(Options, GzipIsSentAndAllThatTheLibraryKnowsIsAccepted) {
  pb::ChannelOptions options;
  options.set_compression("gzip");
  EXPECT_EQ(IntOf(ArgumentsOf(options), GRPC_COMPRESSION_CHANNEL_DEFAULT_ALGORITHM),
            GRPC_COMPRESS_GZIP);
  pb::ServerOptions server;
  server.set_compression("gzip");
  for (const char* coding : {"identity", "deflate", "gzip"}) {
    server.set_accept_compression(coding);
    EXPECT_EQ(RefusedOfServer(server), "not refused") << coding;
  }
}

TEST(Options, CodingsThatAreNotKnownAreUnsupported) {
  pb::ChannelOptions client;
  client.set_compression("snappy");
  EXPECT_EQ(RefusedOfChannel(client), "option:compression");
  pb::ChannelOptions accepting;
  accepting.set_accept_compression("snappy");
  EXPECT_EQ(RefusedOfChannel(accepting), "option:accept_compression");
  pb::ServerOptions server;
  server.set_compression("");
  EXPECT_EQ(RefusedOfServer(server), "option:compression");
}

TEST(Options, WhatIsDeclaredCanBeSet) {
  pb::ServerOptions options;
  options.set_max_concurrent_streams(7);
  options.set_max_connection_age_ms(1000);
  EXPECT_EQ(RefusedOfServer(options), "not refused");
  const auto features = ServerOptionFeatures();
  EXPECT_EQ(std::count(features.begin(), features.end(), "option:max_concurrent_streams"), 1);
  EXPECT_EQ(std::count(features.begin(), features.end(), "option:initial_connection_window"), 0);
}

TEST(Options, AddressesAreSaidInBothWays) {
  pb::Transport tcp;
  tcp.mutable_tcp();
  EXPECT_EQ(BindAddress(tcp), "127.0.0.1:0");
  EXPECT_EQ(BoundAddress(tcp, 1234), "127.0.0.1:1234");
  tcp.mutable_tcp()->set_ipv6(true);
  EXPECT_EQ(BindAddress(tcp), "[::1]:0");
  EXPECT_EQ(BoundAddress(tcp, 1234), "[::1]:1234");
  pb::Transport uds;
  uds.mutable_uds()->set_path("/run/x.sock");
  EXPECT_EQ(BindAddress(uds), "unix:/run/x.sock");
  EXPECT_EQ(BoundAddress(uds, 1), "/run/x.sock");
  EXPECT_THROW(BindAddress({}), CouldNotTry);
}

}  // namespace
}  // namespace wirecheck::peer
