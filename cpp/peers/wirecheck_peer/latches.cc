#include "wirecheck_peer/latches.h"

namespace wirecheck::peer {

void Latches::Release(const std::string& scope, const std::string& name) {
  const std::lock_guard lock(mutex_);
  Latch& latch = scopes_[scope][name];
  latch.open = true;
  for (const auto& waiting : latch.waiting) {
    if (const auto call = waiting.lock()) call->Happen(Released(name));
  }
  latch.waiting.clear();
}

void Latches::WhenReleased(const std::string& scope, const std::string& name,
                           const std::shared_ptr<Progress>& call) {
  const std::lock_guard lock(mutex_);
  Latch& latch = scopes_[scope][name];
  if (latch.open) {
    call->Happen(Released(name));
  } else {
    latch.waiting.push_back(call);
  }
}

void Latches::EndScope(const std::string& scope) {
  const std::lock_guard lock(mutex_);
  scopes_.erase(scope);
}

bool WaitStep(const pb::Wait& wait, Latches& latches, const std::string& scope,
              const std::shared_ptr<Progress>& call) {
  if (wait.has_step()) return call->Wait(StepDone(wait.step()));
  latches.WhenReleased(scope, wait.released(), call);
  return call->Wait(Released(wait.released()));
}

}  // namespace wirecheck::peer
