// The server of the official interop tests.
#pragma once

#include <memory>
#include <string>

#include <grpcpp/impl/service_type.h>

#include "wirecheck_peer/services.h"

namespace wirecheck::peer {

std::string TestServiceName();

// Does what its requests say, by the description of the official cases. The method that no server
// has is left to the library's router, which is what it is there to test.
std::unique_ptr<grpc::Service> MakeTestService(const Frame& frame);

}  // namespace wirecheck::peer
