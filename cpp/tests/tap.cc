#include "tests/tap.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <stdexcept>

#include "tests/sockets.h"

namespace wirecheck::peer {

namespace {

constexpr std::size_t kPreface = 24;       // RFC 9113, section 3.4: what a client begins with.
constexpr unsigned kData = 0;              // The type of a DATA frame.
constexpr std::size_t kMessagePrefix = 5;  // The flag and the length before each message.

// What the DATA frames of each stream carry. gRPC C++ does not pad them.
std::map<unsigned, std::string> DataByStream(const std::string& bytes, std::size_t begin) {
  std::map<unsigned, std::string> streams;
  for (std::size_t at = begin; at + kFrameHeader <= bytes.size();) {
    const std::size_t length = Number(bytes, at, 3);
    const unsigned type = Number(bytes, at + 3, 1);
    if (type == kData) streams[Number(bytes, at + 5, 4)] += bytes.substr(at + kFrameHeader, length);
    at += kFrameHeader + length;
  }
  return streams;
}

std::vector<WireMessage> MessagesIn(const std::string& bytes, std::size_t begin) {
  std::vector<WireMessage> messages;
  for (const auto& [stream, data] : DataByStream(bytes, begin)) {
    for (std::size_t at = 0; at + kMessagePrefix <= data.size();) {
      const std::size_t length = Number(data, at + 1, 4);
      messages.push_back({data[at] != 0, data.substr(at + kMessagePrefix, length)});
      at += kMessagePrefix + length;
    }
  }
  return messages;
}

bool IsReady(const pollfd& watched) { return (watched.revents & (POLLIN | POLLHUP)) != 0; }

}  // namespace

Tap::Tap(const std::string& server) {
  if (pipe2(stop_, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const int listener = ListenOn(address_);
  thread_ = std::thread([this, listener, server] { Run(listener, server); });
}

Tap::~Tap() {
  close(stop_[1]);
  thread_.join();
  close(stop_[0]);
}

std::vector<WireMessage> Tap::Requests() const {
  const std::lock_guard lock(mutex_);
  return MessagesIn(requests_, kPreface);
}

std::vector<WireMessage> Tap::Responses() const {
  const std::lock_guard lock(mutex_);
  return MessagesIn(responses_, 0);
}

// Waits for the connection, for as long as the test lives.
void Tap::Run(int listener, const std::string& server) {
  pollfd watched[] = {{stop_[0], POLLIN, 0}, {listener, POLLIN, 0}};
  poll(watched, 2, -1);
  if (!IsReady(watched[0])) {
    const int client_side = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    const int server_side = ConnectTo(server);
    Relay(client_side, server_side);
    close(client_side);
    close(server_side);
  }
  close(listener);
}

// Passes both directions on until one of them, or the test, ends.
void Tap::Relay(int client, int server) {
  for (;;) {
    pollfd watched[] = {{stop_[0], POLLIN, 0}, {client, POLLIN, 0}, {server, POLLIN, 0}};
    poll(watched, 3, -1);
    if (IsReady(watched[0])) return;
    if (IsReady(watched[1]) && !Pass(client, server, requests_)) return;
    if (IsReady(watched[2]) && !Pass(server, client, responses_)) return;
  }
}

// Kept before it is passed on, so that whoever has seen a message finds it here.
bool Tap::Pass(int from, int to, std::string& kept) {
  char data[65'536];
  const ssize_t count = read(from, data, sizeof data);
  if (count <= 0) return false;
  {
    const std::lock_guard lock(mutex_);
    kept.append(data, static_cast<std::size_t>(count));
  }
  return send(to, data, static_cast<std::size_t>(count), MSG_NOSIGNAL) == count;
}

}  // namespace wirecheck::peer
