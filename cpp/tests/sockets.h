// Plain connections, and the numbers in what comes over them, for tests.
#pragma once

#include <cstddef>
#include <string>

namespace wirecheck::peer {

constexpr std::size_t kFrameHeader = 9;  // RFC 9113, section 4.1.

// Connects to `127.0.0.1:PORT`; gives the socket.
int ConnectTo(const std::string& address);

// Listens on a free port of 127.0.0.1; gives the socket, and its address in `address`.
int ListenOn(std::string& address);

// The number in so many bytes, of which the first is the highest.
unsigned Number(const std::string& data, std::size_t begin, std::size_t size);

}  // namespace wirecheck::peer
