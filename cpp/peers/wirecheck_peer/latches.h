// The latches that `Release` opens: named, kept by scope, and open for good.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "wirecheck_peer/progress.h"

namespace wirecheck::peer {

// All latches of a peer.
class Latches {
 public:
  // Opens a latch and tells whoever waits for it.
  void Release(const std::string& scope, const std::string& name);

  // Lets a call know once the latch is open: by the event that `Released` gives.
  void WhenReleased(const std::string& scope, const std::string& name,
                    const std::shared_ptr<Progress>& call);

  // Forgets the latches of a scope.
  void EndScope(const std::string& scope);

 private:
  struct Latch {
    bool open = false;
    std::vector<std::weak_ptr<Progress>> waiting;
  };

  std::mutex mutex_;
  std::map<std::string, std::map<std::string, Latch>> scopes_;
};

// Carries out a `wait` step; false if the call ended without its event.
bool WaitStep(const pb::Wait& wait, Latches& latches, const std::string& scope,
              const std::shared_ptr<Progress>& call);

}  // namespace wirecheck::peer
