#include "tests/driver.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

#include <google/protobuf/io/coded_stream.h>

#include "wirecheck_peer/frames.h"

namespace wirecheck::peer {

namespace {

constexpr int kLimitMs = 20'000;  // Of every wait; far more than one takes.

void DemandReady(int descriptor, short events, const char* what) {
  pollfd watched{descriptor, events, 0};
  if (poll(&watched, 1, kLimitMs) <= 0) throw std::runtime_error(std::string(what) + ": no end");
}

}  // namespace

std::string FrameOf(pb::ToPeer order) {
  order.set_magic(kMagic);
  const std::string body = order.SerializeAsString();
  std::uint8_t header[10];
  const std::uint8_t* const end =
      google::protobuf::io::CodedOutputStream::WriteVarint64ToArray(body.size(), header);
  return std::string(header, header + (end - header)) + body;
}

Driver::Driver(const std::string& role, bool start) {
  // A child that has ended is an error of write(), and not the end of the test.
  signal(SIGPIPE, SIG_IGN);
  int to_child[2];
  int from_child[2];
  if (pipe2(to_child, O_CLOEXEC) != 0 || pipe2(from_child, O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipe");
  }
  child_ = fork();
  if (child_ == 0) {
    dup2(to_child[0], STDIN_FILENO);
    dup2(from_child[1], STDOUT_FILENO);
    execl(PEER_PROGRAM, PEER_PROGRAM, role.c_str(), nullptr);
    _exit(127);
  }
  close(to_child[0]);
  close(from_child[1]);
  input_ = to_child[1];
  output_ = from_child[0];
  if (!start) return;
  pb::ToPeer order;
  order.mutable_start()->set_contract_version(1);
  order.mutable_start()->set_role(role == "client" ? pb::ROLE_CLIENT : pb::ROLE_SERVER);
  Send(order);
  ready_ = Next().ready();
}

Driver::~Driver() {
  if (child_ > 0) {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  if (input_ >= 0) close(input_);
  close(output_);
}

void Driver::Write(const std::string& bytes) {
  for (std::size_t written = 0; written < bytes.size();) {
    DemandReady(input_, POLLOUT, "a write");
    const ssize_t count = write(input_, bytes.data() + written, bytes.size() - written);
    if (count <= 0) throw std::runtime_error("the peer's stdin is closed");
    written += static_cast<std::size_t>(count);
  }
}

pb::FromPeer Driver::Next() {
  for (;; Read()) {
    google::protobuf::io::CodedInputStream coded(
        reinterpret_cast<const std::uint8_t*>(buffer_.data()), static_cast<int>(buffer_.size()));
    std::uint32_t length = 0;
    if (!coded.ReadVarint32(&length)) continue;
    const auto start = static_cast<std::size_t>(coded.CurrentPosition());
    if (buffer_.size() < start + length) continue;
    pb::FromPeer event;
    if (!event.ParseFromArray(buffer_.data() + start, static_cast<int>(length)) ||
        event.magic() != kMagic) {
      throw std::runtime_error("the peer wrote what is no event");
    }
    buffer_.erase(0, start + length);
    return event;
  }
}

pb::FromPeer Driver::Await(const std::function<bool(const pb::FromPeer&)>& wanted) {
  for (;;) {
    pb::FromPeer event = Next();
    if (wanted(event)) return event;
  }
}

void Driver::Read() {
  DemandReady(output_, POLLIN, "an event");
  char data[65'536];
  const ssize_t count = read(output_, data, sizeof data);
  if (count <= 0) throw std::runtime_error("the peer's stdout has ended");
  buffer_.append(data, static_cast<std::size_t>(count));
}

int Driver::Finish() {
  close(input_);
  input_ = -1;
  // The end of its stdout, behind what it may still write, is the end of the process.
  try {
    for (;;) Read();
  } catch (const std::runtime_error& error) {
    if (std::string(error.what()) != "the peer's stdout has ended") throw;
  }
  int status = 0;
  waitpid(child_, &status, 0);
  child_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace wirecheck::peer
