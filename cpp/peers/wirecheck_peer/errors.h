// The ways in which an order or the whole conversation can go wrong.
#pragma once

#include <stdexcept>

namespace wirecheck::peer {

// The other side does not speak the contract; nothing after it can be trusted.
class BrokenContract : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The order needs a feature, named by `what()`, that this peer or gRPC C++ lacks.
class Unsupported : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The peer failed at the attempt. A status of a call is not this.
class CouldNotTry : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace wirecheck::peer
