#include "tests/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <stdexcept>

namespace wirecheck::peer {

namespace {

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace

int ConnectTo(const std::string& address) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int port = std::stoi(address.substr(address.find(':') + 1));
  const sockaddr_in target = Loopback(static_cast<std::uint16_t>(port));
  if (connect(connection, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) {
    throw std::runtime_error("no connection");
  }
  return connection;
}

int ListenOn(std::string& address) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in bound = Loopback(0);
  socklen_t size = sizeof bound;
  if (bind(listener, reinterpret_cast<const sockaddr*>(&bound), sizeof bound) != 0 ||
      listen(listener, 1) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    throw std::runtime_error("no listener");
  }
  address = "127.0.0.1:" + std::to_string(ntohs(bound.sin_port));
  return listener;
}

unsigned Number(const std::string& data, std::size_t begin, std::size_t size) {
  unsigned number = 0;
  for (std::size_t index = begin; index < begin + size; ++index) {
    number = number << 8 | static_cast<unsigned char>(data[index]);
  }
  return number;
}

}  // namespace wirecheck::peer
