#include "tests/pair.h"

#include "hello.pb.h"

namespace wirecheck::peer {

namespace {

const char kScope[] = "scope";

}  // namespace

void Pair::Open(pb::Listen listen, pb::Open open) {
  const bool uds = listen.transport().has_uds();
  open.set_target((uds ? "unix:" : "") + Listen(std::move(listen)));
  OpenChannel(std::move(open));
}

std::string Pair::Listen(pb::Listen listen) {
  listen.set_listener(1);
  listen.set_scope(kScope);
  if (!listen.has_transport()) listen.mutable_transport()->mutable_tcp();
  pb::ToPeer order;
  *order.mutable_listen() = listen;
  server_.Send(order);
  return server_.Next().listening().address();
}

void Pair::OpenChannel(pb::Open open) {
  open.set_channel(1);
  pb::ToPeer order;
  *order.mutable_open() = std::move(open);
  client_.Send(order);
  client_.Next();
}

void Pair::OpenScripted(pb::Shape shape, const pb::Script& script) {
  pb::Listen listen;
  auto* const method = listen.add_scripts();
  method->set_method(kSayHello);
  method->set_shape(shape);
  method->set_request_type("HelloRequest");
  method->set_response_type("HelloReply");
  *method->add_scripts() = script;
  Open(std::move(listen));
}

void Pair::OpenService(const std::string& name) {
  pb::Listen listen;
  listen.add_services(name);
  Open(std::move(listen));
}

void Pair::Release(const std::string& name) {
  pb::ToPeer order;
  order.mutable_release()->set_scope(kScope);
  order.mutable_release()->set_name(name);
  client_.Send(order);
  server_.Send(order);
}

void Pair::Shutdown(std::uint32_t grace_ms) {
  pb::ToPeer order;
  order.mutable_shutdown()->set_listener(1);
  order.mutable_shutdown()->set_grace_ms(grace_ms);
  server_.Send(order);
}

void Pair::AbortListener() {
  pb::ToPeer order;
  order.mutable_abort()->set_listener(1);
  server_.Send(order);
}

void Pair::AbortCall() {
  pb::ToPeer order;
  order.mutable_abort()->set_call(1);
  client_.Send(order);
}

void Pair::Begin(pb::Call call) {
  call.set_call(1);
  call.set_channel(1);
  call.set_scope(kScope);
  pb::ToPeer order;
  *order.mutable_call() = std::move(call);
  client_.Send(order);
}

pb::Result Pair::Result() {
  return client_.Await([](const auto& event) { return event.has_report(); }).report().result();
}

pb::Result Pair::Make(pb::Call call) {
  Begin(std::move(call));
  return Result();
}

pb::Began Pair::AwaitBegan() {
  return server_.Await([](const auto& event) { return event.has_began(); }).began();
}

pb::Handled Pair::AwaitHandled() {
  return server_.Await([](const auto& event) { return event.has_handled(); }).handled();
}

void Pair::AwaitReached(Driver& peer, const std::string& step) {
  peer.Await([&](const auto& event) {
    return event.has_reached() && event.reached().step() == step;
  });
}

pb::Call NewCall(pb::Shape shape, const std::string& method) {
  pb::Call call;
  call.set_method(method);
  call.set_shape(shape);
  call.set_request_type("HelloRequest");
  call.set_response_type("HelloReply");
  return call;
}

pb::Call Greeting(const std::string& name) {
  auto call = NewCall(pb::SHAPE_UNARY);
  call.set_timeout_ns(kCallLimitNs);
  AddName(call.mutable_send(), name);
  return call;
}

pb::Listen GreeterListen() {
  pb::Listen listen;
  listen.mutable_transport()->mutable_tcp();
  listen.add_services("Greeter");
  return listen;
}

pb::Step* AddName(google::protobuf::RepeatedPtrField<pb::Step>* lane, const std::string& name) {
  HelloRequest request;
  request.set_name(name);
  auto* const step = lane->Add();
  step->mutable_message()->add_pieces()->set_bytes(request.SerializeAsString());
  return step;
}

void AddWait(google::protobuf::RepeatedPtrField<pb::Step>* lane, const std::string& latch,
             const std::string& name) {
  auto* const step = lane->Add();
  step->set_name(name);
  step->mutable_wait()->set_released(latch);
}

}  // namespace wirecheck::peer
