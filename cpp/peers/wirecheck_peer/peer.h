// The peer `cpp-grpc`: reads orders in its main thread.
#pragma once

#include <string>
#include <vector>

namespace wirecheck::peer {

// Carries out orders until stdin ends, then exits.
[[noreturn]] void Main(const std::vector<std::string>& arguments);

}  // namespace wirecheck::peer
