// Options as they arrive on the wire.
#include <poll.h>
#include <unistd.h>

#include <map>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/driver.h"
#include "tests/sockets.h"

namespace wirecheck::peer {
namespace {

constexpr int kLimitMs = 20'000;

using Settings = std::map<unsigned, unsigned>;

// Reads so many bytes of a connection.
std::string Read(int connection, std::size_t wanted) {
  std::string data;
  while (data.size() < wanted) {
    pollfd watched{connection, POLLIN, 0};
    char piece[1024];
    if (poll(&watched, 1, kLimitMs) <= 0) throw std::runtime_error("nothing comes");
    const ssize_t count = read(connection, piece, std::min(sizeof piece, wanted - data.size()));
    if (count <= 0) throw std::runtime_error("the connection has ended");
    data.append(piece, static_cast<std::size_t>(count));
  }
  return data;
}

// What a server says first on every connection: RFC 9113, section 6.5.
Settings SettingsOf(const std::string& address) {
  const int connection = ConnectTo(address);
  const std::string header = Read(connection, kFrameHeader);
  const std::string payload = Read(connection, Number(header, 0, 3));
  close(connection);
  EXPECT_EQ(header[3], 4) << "the first frame is no SETTINGS";
  Settings settings;
  for (std::size_t at = 0; at < payload.size(); at += 6) {
    settings[Number(payload, at, 2)] = Number(payload, at + 2, 4);
  }
  return settings;
}

TEST(Wire, AServersOptionsAreItsSettings) {
  Driver server("server");
  pb::ToPeer order;
  auto& listen = *order.mutable_listen();
  listen.mutable_transport()->mutable_tcp();
  listen.add_services("Greeter");
  listen.mutable_options()->set_max_concurrent_streams(7);
  listen.mutable_options()->set_max_header_list_size(16 * 1024 * 1024 - 1);
  listen.mutable_options()->set_initial_stream_window(70'000);
  server.Send(order);
  auto settings = SettingsOf(server.Next().listening().address());
  EXPECT_EQ(settings[3], 7U);
  EXPECT_EQ(settings[4], 70'000U);
  EXPECT_EQ(settings[6], 16U * 1024 * 1024 - 1);
}

TEST(Wire, TheSmallestWindowIsTaken) {
  Driver server("server");
  pb::ToPeer order;
  auto& listen = *order.mutable_listen();
  listen.mutable_transport()->mutable_tcp();
  listen.mutable_options()->set_initial_stream_window(5);
  listen.mutable_options()->set_max_header_list_size(0);
  server.Send(order);
  auto settings = SettingsOf(server.Next().listening().address());
  EXPECT_EQ(settings[4], 5U);
  EXPECT_EQ(settings[6], 0U);
}

}  // namespace
}  // namespace wirecheck::peer
