// One server of gRPC C++ and what it serves.
#pragma once

#include <memory>
#include <string>

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>

#include "wirecheck_peer/latches.h"
#include "wirecheck_peer/reactor.h"
#include "wirecheck_peer/records.h"
#include "wirecheck_peer/scripts.h"
#include "wirecheck_peer/services.h"

namespace wirecheck::peer {

// Answers the scripted methods of a listener. What has no script is answered as gRPC C++ answers
// it without such a service.
class ScriptedService : public grpc::CallbackGenericService {
 public:
  ScriptedService(std::uint64_t listener, ScriptedMethods methods,
                  std::shared_ptr<Register> entries, Latches& latches, std::string scope);

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

 private:
  void Respond(const std::shared_ptr<const ScriptedMethod>& method,
               const std::shared_ptr<ServerStream>& stream,
               const std::shared_ptr<Progress>& progress);

  const std::uint64_t listener_;
  const ScriptedMethods methods_;
  const std::shared_ptr<Register> register_;
  Latches& latches_;
  const std::string scope_;
};

class Listener {
 public:
  // Throws Unsupported or CouldNotTry.
  Listener(const pb::Listen& order, EventSink& events, Latches& latches);

  // Binds and accepts connections; gives the address. Throws Unsupported or CouldNotTry.
  std::string Start(const pb::Listen& order);

  // Lets calls end by themselves for so long, then ends them.
  void Shutdown(std::chrono::milliseconds grace);

  // Ends calls and handlers by force; gives how many handlers could not be ended.
  static std::uint32_t End(const std::shared_ptr<Listener>& listener);

  // Cancels every call.
  void Abort() { register_->AbortAll(); }

 private:
  const std::shared_ptr<Register> register_;
  // The services outlive the server, which refers to them.
  Services services_;
  ScriptedService scripted_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace wirecheck::peer
