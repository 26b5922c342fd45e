#include "wirecheck_peer/listener.h"

#include <future>
#include <thread>

#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>

#include "wirecheck_peer/credentials.h"
#include "wirecheck_peer/errors.h"
#include "wirecheck_peer/options.h"
#include "wirecheck_peer/scripted.h"

namespace wirecheck::peer {

namespace {

// For handlers to end after their calls were cancelled.
constexpr std::chrono::seconds kUnlistenLimit{2};

// The library's health service, for the server that is built while this lives: whether a server has
// it is a matter of the whole process. Orders are begun in one thread.
class HealthService {
 public:
  explicit HealthService(bool wanted) { grpc::EnableDefaultHealthCheckService(wanted); }
  ~HealthService() { grpc::EnableDefaultHealthCheckService(false); }
  HealthService(const HealthService&) = delete;
  HealthService& operator=(const HealthService&) = delete;
};

}  // namespace

ScriptedService::ScriptedService(std::uint64_t listener, ScriptedMethods methods,
                                 std::shared_ptr<Register> entries, Latches& latches,
                                 std::string scope)
    : listener_(listener),
      methods_(std::move(methods)),
      register_(std::move(entries)),
      latches_(latches),
      scope_(std::move(scope)) {}

grpc::ServerGenericBidiReactor* ScriptedService::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  const auto found = methods_.find(context->method());
  if (found == methods_.end()) return CallbackGenericService::CreateReactor(context);
  const auto progress = std::make_shared<Progress>();
  // As in generated code: a handler with one request has it when it is entered.
  const bool read_first = !found->second->streams_requests;
  return ServerStream::Make(*context, progress, read_first,
                            [this, method = found->second, progress](const auto& stream) {
                              Respond(method, stream, progress);
                            });
}

void ScriptedService::Respond(const std::shared_ptr<const ScriptedMethod>& method,
                              const std::shared_ptr<ServerStream>& stream,
                              const std::shared_ptr<Progress>& progress) {
  auto record = std::make_shared<HandlerRecord>(listener_, method->path, method->streams_requests,
                                                method->MayBeWhole());
  if (!method->streams_requests) {
    const grpc::Status decoded = record->inbox().Take(stream->first(), method->request_type);
    if (!decoded.ok()) return stream->End(decoded, {});
  }
  auto handling = Handling::Enter(std::move(record), register_, stream->context(), progress);
  if (handling == nullptr) return stream->End(ListenerClosed(), {});
  std::make_shared<ScriptedHandler>(method, std::move(handling), stream, latches_, scope_)
      ->Respond();
}

Listener::Listener(const pb::Listen& order, EventSink& events, Latches& latches)
    : register_(std::make_shared<Register>(events)),
      services_(order.services(), MakeScriptedMethods(order),
                {order.listener(), register_, order.options().has_compression()}),
      scripted_(order.listener(), MakeScriptedMethods(order), register_, latches, order.scope()) {}

std::string Listener::Start(const pb::Listen& order) {
  grpc::ServerBuilder builder;
  SetServerArguments(order.options(), builder);
  int port = 0;
  builder.AddListeningPort(BindAddress(order.transport()), ServerCredentialsOf(order), &port);
  services_.AddTo(builder);
  builder.RegisterCallbackGenericService(&scripted_);
  const HealthService health(services_.has_health());
  server_ = builder.BuildAndStart();
  // The address of a socket has a "port" of 1 when it is bound.
  if (server_ == nullptr || port == 0) {
    throw CouldNotTry("gRPC C++ cannot listen on " + BindAddress(order.transport()));
  }
  services_.SetServing(*server_);
  return BoundAddress(order.transport(), port);
}

void Listener::Shutdown(std::chrono::milliseconds grace) {
  server_->Shutdown(std::chrono::system_clock::now() + grace);
}

std::uint32_t Listener::End(const std::shared_ptr<Listener>& listener) {
  const auto limit = Clock::now() + kUnlistenLimit;
  listener->register_->Close();
  const auto stopped = std::make_shared<std::promise<void>>();
  // In a thread of its own, which has the listener for as long as that takes.
  std::thread([listener, stopped] {
    listener->Shutdown(std::chrono::milliseconds(0));
    stopped->set_value();
  }).detach();
  if (listener->register_->AwaitIdle(limit)) stopped->get_future().wait_until(limit);
  return listener->register_->GiveUp();
}

}  // namespace wirecheck::peer
