// The kinds of calls, each through the interface that generated code has for it. The generic stub
// has those for one message both ways and for streams both ways; the other two are what the
// generated `PrepareAsync...` functions call.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/async_unary_call.h>

#include "wirecheck_peer/stream.h"

namespace wirecheck::peer {

namespace {

using grpc::ByteBuffer;
using grpc::internal::RpcMethod;

class UnaryCall : public Operations {
 public:
  UnaryCall(const CallTarget& target, grpc::ClientContext& context, const ByteBuffer& request,
            ByteBuffer* response)
      : stub_(target.channel),
        call_(stub_.PrepareUnaryCall(&context, target.method, request, target.queue)),
        response_(response) {}

  bool SaysStarted() const override { return false; }
  void StartCall(void*) override { call_->StartCall(); }
  void ReadInitialMetadata(void* tag) override { call_->ReadInitialMetadata(tag); }
  void Write(const ByteBuffer&, grpc::WriteOptions, void*) override {}
  void WritesDone(void*) override {}
  void Read(ByteBuffer*, void*) override {}
  void Finish(grpc::Status* status, void* tag) override { call_->Finish(response_, status, tag); }

 private:
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<ByteBuffer>> call_;
  ByteBuffer* const response_;
};

class ServerStreamingCall : public Operations {
 public:
  ServerStreamingCall(const CallTarget& target, grpc::ClientContext& context,
                      const ByteBuffer& request)
      : call_(grpc::internal::ClientAsyncReaderFactory<ByteBuffer>::Create(
            target.channel.get(), target.queue,
            RpcMethod(target.method.c_str(), RpcMethod::SERVER_STREAMING), &context, request,
            /*start=*/false, /*tag=*/nullptr)) {}

  void StartCall(void* tag) override { call_->StartCall(tag); }
  void ReadInitialMetadata(void* tag) override { call_->ReadInitialMetadata(tag); }
  void Write(const ByteBuffer&, grpc::WriteOptions, void*) override {}
  void WritesDone(void*) override {}
  void Read(ByteBuffer* message, void* tag) override { call_->Read(message, tag); }
  void Finish(grpc::Status* status, void* tag) override { call_->Finish(status, tag); }

 private:
  std::unique_ptr<grpc::ClientAsyncReader<ByteBuffer>> call_;
};

class ClientStreamingCall : public Operations {
 public:
  ClientStreamingCall(const CallTarget& target, grpc::ClientContext& context, ByteBuffer* response)
      : call_(grpc::internal::ClientAsyncWriterFactory<ByteBuffer>::Create(
            target.channel.get(), target.queue,
            RpcMethod(target.method.c_str(), RpcMethod::CLIENT_STREAMING), &context, response,
            /*start=*/false, /*tag=*/nullptr)) {}

  void StartCall(void* tag) override { call_->StartCall(tag); }
  void ReadInitialMetadata(void* tag) override { call_->ReadInitialMetadata(tag); }
  void Write(const ByteBuffer& message, grpc::WriteOptions options, void* tag) override {
    call_->Write(message, options, tag);
  }
  void WritesDone(void* tag) override { call_->WritesDone(tag); }
  void Read(ByteBuffer*, void*) override {}
  void Finish(grpc::Status* status, void* tag) override { call_->Finish(status, tag); }

 private:
  std::unique_ptr<grpc::ClientAsyncWriter<ByteBuffer>> call_;
};

class BidirectionalCall : public Operations {
 public:
  BidirectionalCall(const CallTarget& target, grpc::ClientContext& context)
      : stub_(target.channel), call_(stub_.PrepareCall(&context, target.method, target.queue)) {}

  void StartCall(void* tag) override { call_->StartCall(tag); }
  void ReadInitialMetadata(void* tag) override { call_->ReadInitialMetadata(tag); }
  void Write(const ByteBuffer& message, grpc::WriteOptions options, void* tag) override {
    call_->Write(message, options, tag);
  }
  void WritesDone(void* tag) override { call_->WritesDone(tag); }
  void Read(ByteBuffer* message, void* tag) override { call_->Read(message, tag); }
  void Finish(grpc::Status* status, void* tag) override { call_->Finish(status, tag); }

 private:
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
};

}  // namespace

std::unique_ptr<Operations> Operations::Make(const CallTarget& target,
                                             grpc::ClientContext& context,
                                             const ByteBuffer& request, ByteBuffer* response) {
  if (target.streams_requests && target.streams_responses) {
    return std::make_unique<BidirectionalCall>(target, context);
  }
  if (target.streams_requests) {
    return std::make_unique<ClientStreamingCall>(target, context, response);
  }
  if (target.streams_responses) {
    return std::make_unique<ServerStreamingCall>(target, context, request);
  }
  return std::make_unique<UnaryCall>(target, context, request, response);
}

}  // namespace wirecheck::peer
