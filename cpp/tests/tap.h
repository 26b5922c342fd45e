// Stands between a client and a server, for tests, and keeps what they send.
#pragma once

#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace wirecheck::peer {

// A message as it went over the line.
struct WireMessage {
  bool compressed;  // The Compressed-Flag.
  std::string data;
};

// Passes one connection in plain text on to a server.
class Tap {
 public:
  explicit Tap(const std::string& server);
  ~Tap();
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  // Where a client finds it.
  const std::string& address() const { return address_; }

  // The messages that have gone through, call by call: all of a call that its client knows the end
  // of.
  std::vector<WireMessage> Requests() const;
  std::vector<WireMessage> Responses() const;

 private:
  void Run(int listener, const std::string& server);
  void Relay(int client, int server);
  bool Pass(int from, int to, std::string& kept);

  std::string address_;
  int stop_[2];  // A pipe, of which the end stops the thread.
  mutable std::mutex mutex_;
  std::string requests_;
  std::string responses_;
  std::thread thread_;
};

}  // namespace wirecheck::peer
