// The built-in services, served as a user of gRPC C++ has them: by the generated code, with its
// interface that waits, or by what comes with the library.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <grpcpp/impl/service_type.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_context.h>

#include "wirecheck_peer/handler.h"
#include "wirecheck_peer/scripts.h"

namespace wirecheck::peer {

// Where the handlers of a listener say that they are entered and left.
struct Frame {
  std::uint64_t listener;
  std::shared_ptr<Register> entries;
  bool compresses;  // Responses, if a handler says nothing else.

  // Enters a handler of generated code; null if the listener is closed.
  std::unique_ptr<Handling> Enter(grpc::ServerContext& context, const std::string& path,
                                  bool streams_requests) const;

  // Runs a handler with one request and one response.
  grpc::Status Around(grpc::ServerContext& context, const std::string& path,
                      const google::protobuf::Message& request,
                      const std::function<grpc::Status()>& handler) const;
};

// The services of one listener, which have to live as long as its server.
class Services {
 public:
  // Throws Unsupported for an unknown name, and CouldNotTry if scripts have taken a path.
  Services(const google::protobuf::RepeatedPtrField<std::string>& names,
           const ScriptedMethods& taken, const Frame& frame);

  // Has a server serve them.
  void AddTo(grpc::ServerBuilder& builder) const;

  // Says that every service of the listener serves, once its server is there.
  void SetServing(grpc::Server& server) const;

  bool has_health() const { return has_health_; }

 private:
  void AddBuiltIn(const std::string& name, const Frame& frame);

  const std::vector<std::string> names_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  bool has_health_ = false;
  bool has_reflection_ = false;
};

// The features of the services, in the order in which they are named in `Ready`.
std::vector<std::string> ServiceFeatures();

// What both greeters answer.
std::string Greet(const std::string& name);

}  // namespace wirecheck::peer
