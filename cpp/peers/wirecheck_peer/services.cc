#include "wirecheck_peer/services.h"

#include <algorithm>
#include <map>

#include <google/protobuf/descriptor.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>

#include "wirecheck_peer/errors.h"
#include "hello.grpc.pb.h"
#include "helloworld.grpc.pb.h"
#include "wirecheck_peer/testservice.h"

namespace wirecheck::peer {

namespace {

const char kHealth[] = "grpc.health.v1.Health";
const char kReflection[] = "grpc.reflection.v1alpha.ServerReflection";

// The article's greeter, which has no package, and the official one.
template <typename Service, typename Request, typename Reply>
class FramedGreeter : public Service {
 public:
  FramedGreeter(const Frame& frame, std::string path) : frame_(frame), path_(std::move(path)) {}

  grpc::Status SayHello(grpc::ServerContext* context, const Request* request,
                        Reply* reply) override {
    return frame_.Around(*context, path_, *request, [&] {
      reply->set_message(Greet(request->name()));
      return grpc::Status::OK;
    });
  }

 private:
  const Frame frame_;
  const std::string path_;
};

using ArticleGreeter = FramedGreeter<Greeter::Service, HelloRequest, HelloReply>;
using PackagedGreeter =
    FramedGreeter<helloworld::Greeter::Service, helloworld::HelloRequest, helloworld::HelloReply>;

using Factory = std::unique_ptr<grpc::Service> (*)(const Frame&);

// In the order in which they are named in `Ready`; the last two are the library's own.
const std::vector<std::pair<std::string, Factory>>& Known() {
  static const auto* const kKnown = new std::vector<std::pair<std::string, Factory>>{
      {Greeter::service_full_name(),
       [](const Frame& frame) -> std::unique_ptr<grpc::Service> {
         return std::make_unique<ArticleGreeter>(frame, "/Greeter/SayHello");
       }},
      {helloworld::Greeter::service_full_name(),
       [](const Frame& frame) -> std::unique_ptr<grpc::Service> {
         return std::make_unique<PackagedGreeter>(frame, "/helloworld.Greeter/SayHello");
       }},
      {TestServiceName(), MakeTestService},
      {kHealth, nullptr},
      {kReflection, nullptr},
  };
  return *kKnown;
}

// Reflection for one server; the library's own function for it concerns all servers of a process.
class WithReflection : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    plugins->push_back(std::make_unique<grpc::reflection::ProtoServerReflectionPlugin>());
  }
};

void DemandFree(const std::string& service, const ScriptedMethods& taken) {
  for (const auto& [path, method] : taken) {
    const auto* const found =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service);
    if (found == nullptr || path.rfind("/" + service + "/", 0) != 0) continue;
    if (found->FindMethodByName(path.substr(service.size() + 2)) != nullptr) {
      throw CouldNotTry(path + " has both a service and scripts");
    }
  }
}

}  // namespace

std::unique_ptr<Handling> Frame::Enter(grpc::ServerContext& context, const std::string& path,
                                       bool streams_requests) const {
  auto record = std::make_shared<HandlerRecord>(listener, path, streams_requests, false);
  return Handling::Enter(std::move(record), entries, context, std::make_shared<Progress>());
}

grpc::Status Frame::Around(grpc::ServerContext& context, const std::string& path,
                           const google::protobuf::Message& request,
                           const std::function<grpc::Status()>& handler) const {
  const auto handling = Enter(context, path, /*streams_requests=*/false);
  if (handling == nullptr) return ListenerClosed();
  handling->record().inbox().Note(request);
  return handling->Leave(handler());
}

Services::Services(const google::protobuf::RepeatedPtrField<std::string>& names,
                   const ScriptedMethods& taken, const Frame& frame)
    : names_(names.begin(), names.end()) {
  for (const auto& name : names_) {
    AddBuiltIn(name, frame);
    DemandFree(name, taken);
  }
}

void Services::AddBuiltIn(const std::string& name, const Frame& frame) {
  const auto found = std::find_if(Known().begin(), Known().end(),
                                  [&](const auto& known) { return known.first == name; });
  if (found == Known().end()) throw Unsupported("service:" + name);
  has_health_ = has_health_ || name == kHealth;
  has_reflection_ = has_reflection_ || name == kReflection;
  if (found->second != nullptr) services_.push_back(found->second(frame));
}

void Services::AddTo(grpc::ServerBuilder& builder) const {
  for (const auto& service : services_) builder.RegisterService(service.get());
  if (has_reflection_) builder.SetOption(std::make_unique<WithReflection>());
}

void Services::SetServing(grpc::Server& server) const {
  grpc::HealthCheckServiceInterface* const health = server.GetHealthCheckService();
  if (health == nullptr) return;
  for (const auto& name : names_) health->SetServingStatus(name, true);
}

std::vector<std::string> ServiceFeatures() {
  std::vector<std::string> names;
  for (const auto& [name, factory] : Known()) names.push_back("service:" + name);
  return names;
}

std::string Greet(const std::string& name) { return "Hello, " + name; }

}  // namespace wirecheck::peer
