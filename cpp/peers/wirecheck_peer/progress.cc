#include "wirecheck_peer/progress.h"

namespace wirecheck::peer {

bool Progress::Over() {
  const std::lock_guard lock(mutex_);
  return over_;
}

void Progress::Happen(const Event& what) {
  const std::lock_guard lock(mutex_);
  happened_.insert(what);
  changed_.notify_all();
}

void Progress::End() {
  const std::lock_guard lock(mutex_);
  over_ = true;
  changed_.notify_all();
}

bool Progress::Wait(const Event& what) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return over_ || happened_.count(what) > 0; });
  return happened_.count(what) > 0;
}

bool Progress::WaitForEnd(std::chrono::microseconds limit) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [this] { return over_; });
}

}  // namespace wirecheck::peer
