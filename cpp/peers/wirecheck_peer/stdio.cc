#include "wirecheck_peer/stdio.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <system_error>
#include <thread>

#include "wirecheck_peer/errors.h"
#include "wirecheck_peer/frames.h"

namespace wirecheck::peer {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadSize = 256 * 1024;  // Bytes.
constexpr int kNoLimit = -1;                   // For poll().

std::system_error Failed(const char* what) {
  return std::system_error(errno, std::generic_category(), what);
}

BrokenContract HalfReadTooLong() {
  return BrokenContract("a frame stayed half-read for more than " +
                        std::to_string(kHalfReadLimit.count()) + " s");
}

int MillisecondsUntil(std::optional<Clock::time_point> limit) {
  if (!limit) return kNoLimit;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*limit - Clock::now());
  return static_cast<int>(std::max<std::chrono::milliseconds::rep>(left.count(), 0));
}

// Waits for bytes; false if the peer is asked to end.
bool AwaitInput(int input, int end, std::optional<Clock::time_point> limit) {
  pollfd watched[] = {{end, POLLIN, 0}, {input, POLLIN, 0}};
  const int ready = poll(watched, 2, MillisecondsUntil(limit));
  if (ready == 0) throw HalfReadTooLong();
  if (ready < 0 && errno != EINTR) throw Failed("poll");
  return ready < 0 || watched[0].revents == 0;
}

}  // namespace

int TakeStdout() {
  const int real = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (real < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) throw Failed("stdout");
  return real;
}

void Log(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

int EndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  if (pthread_sigmask(SIG_BLOCK, &signals, nullptr) != 0) throw Failed("sigmask");
  const int descriptor = signalfd(-1, &signals, SFD_CLOEXEC);
  if (descriptor < 0) throw Failed("signalfd");
  return descriptor;
}

void ReadOrders(int input, int end, const std::function<void(const pb::ToPeer&)>& take) {
  FrameParser parser;
  std::optional<Clock::time_point> half_read;  // When a frame has been incomplete for too long.
  std::string data(kReadSize, '\0');
  while (AwaitInput(input, end, half_read)) {
    const ssize_t count = read(input, data.data(), data.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) throw Failed("stdin");
    if (count == 0 && parser.HalfRead()) throw BrokenContract("stdin ended inside a frame");
    if (count == 0) return;
    const bool was_half_read = parser.HalfRead();
    std::vector<pb::ToPeer> orders;
    std::optional<BrokenContract> broken;
    try {
      parser.Feed({data.data(), static_cast<std::size_t>(count)}, orders);
    } catch (const BrokenContract& error) {
      broken = error;
    }
    if (!parser.HalfRead()) {
      half_read.reset();
    } else if (!orders.empty() || !was_half_read) {
      half_read = Clock::now() + kHalfReadLimit;
    }
    for (const auto& order : orders) take(order);
    if (broken) throw *broken;
  }
}

EventWriter::EventWriter(int output) : output_(output) {
  std::thread([this] { WriteAll(); }).detach();
}

void EventWriter::Send(pb::FromPeer event) {
  if (muted_) return;
  std::string frame = Encode(std::move(event));
  const std::lock_guard lock(mutex_);
  frames_.push_back(std::move(frame));
  changed_.notify_all();
}

void EventWriter::Close(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
  changed_.wait_for(lock, limit, [this] { return done_; });
}

void EventWriter::WriteAll() {
  for (auto frames = TakeFrames(); !frames.empty(); frames = TakeFrames()) {
    for (const auto& frame : frames) Write(frame);
  }
  const std::lock_guard lock(mutex_);
  done_ = true;
  changed_.notify_all();
}

// Waits for frames; none means that the writer is closed.
std::vector<std::string> EventWriter::TakeFrames() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !frames_.empty() || closed_; });
  return std::move(frames_);
}

void EventWriter::Write(const std::string& frame) {
  std::size_t written = 0;
  // A frame that was begun is written to its end, also when `Stop` comes in between.
  while (written < frame.size() && (written > 0 || !muted_)) {
    const ssize_t count = write(output_, frame.data() + written, frame.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      // Nobody listens any more. Stdin ends as well then, and with it the peer.
      Log(Failed("stdout cannot be written").what());
      muted_ = true;
      return;
    }
    written += static_cast<std::size_t>(count);
  }
}

void Leave(EventWriter& events, int status) {
  events.Close(kCloseLimit);
  _exit(status);
}

}  // namespace wirecheck::peer
