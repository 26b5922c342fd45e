#include "wirecheck_peer/testservice.h"

#include <chrono>
#include <vector>

#include "grpc/testing/test.grpc.pb.h"

namespace wirecheck::peer {

namespace {

using grpc::ServerContext;
using grpc::Status;
using grpc::StatusCode;
namespace testing = grpc::testing;
using OutputRequest = testing::StreamingOutputCallRequest;
using OutputResponse = testing::StreamingOutputCallResponse;

const char kEchoInitial[] = "x-grpc-test-echo-initial";
const char kEchoTrailing[] = "x-grpc-test-echo-trailing-bin";
constexpr int kMaxBody = 64 * 1024 * 1024;  // Bytes of one payload.
// How often a pause looks whether its call has ended: the interface that waits has no other way.
constexpr std::chrono::milliseconds kLookEvery{10};

std::string Path(const char* method) { return "/" + TestServiceName() + "/" + method; }

// Sends back what the two keys say.
void EchoMetadata(ServerContext& context) {
  const auto [initial, initial_end] = context.client_metadata().equal_range(kEchoInitial);
  for (auto entry = initial; entry != initial_end; ++entry) {
    context.AddInitialMetadata(kEchoInitial, {entry->second.data(), entry->second.size()});
  }
  const auto [trailing, trailing_end] = context.client_metadata().equal_range(kEchoTrailing);
  for (auto entry = trailing; entry != trailing_end; ++entry) {
    context.AddTrailingMetadata(kEchoTrailing, {entry->second.data(), entry->second.size()});
  }
}

// The status that a request asks for; OK, set or not, lets the handler go on.
Status EchoStatus(const testing::EchoStatus& wanted) {
  if (wanted.code() == 0) return Status::OK;
  return {static_cast<StatusCode>(wanted.code()), wanted.message()};
}

// What a listener that compresses nothing says to a request that wants it.
Status DemandCompression(const Frame& frame, bool wanted) {
  if (frame.compresses || !wanted) return Status::OK;
  return {StatusCode::UNIMPLEMENTED, "this server has no coding to compress a response with"};
}

// Has the one response of a call compressed in the listener's coding, or not at all.
void Compress(ServerContext& context, bool wanted) {
  if (!wanted) context.set_compression_level(GRPC_COMPRESS_LEVEL_NONE);
}

grpc::WriteOptions WriteOptionsFor(bool compressed) {
  grpc::WriteOptions options;
  if (!compressed) options.set_no_compression();
  return options;
}

Status FillPayload(testing::PayloadType kind, int size, testing::Payload& payload) {
  if (kind != testing::COMPRESSABLE || size < 0 || size > kMaxBody) {
    return {StatusCode::INVALID_ARGUMENT, "no payload of type " + std::to_string(kind) + " has " +
                                              std::to_string(size) + " bytes"};
  }
  payload.set_type(kind);
  payload.set_body(std::string(static_cast<std::size_t>(size), '\0'));
  return Status::OK;
}

// Waits for as long as a request says; false if the call ended before that.
bool Pause(Handling& handling, int microseconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(microseconds);
  while (!handling.CutOff()) {
    const auto left = std::chrono::ceil<std::chrono::microseconds>(
        until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return true;
    handling.progress()->WaitForEnd(std::min<std::chrono::microseconds>(left, kLookEvery));
  }
  return false;
}

template <typename Stream>
Status RespondTo(const Frame& frame, Handling& handling, const OutputRequest& request,
                 Stream& stream) {
  if (Status wanted = EchoStatus(request.response_status()); !wanted.ok()) return wanted;
  for (const auto& parameters : request.response_parameters()) {
    const bool compressed = parameters.compressed().value();
    if (Status lacking = DemandCompression(frame, compressed); !lacking.ok()) return lacking;
    OutputResponse response;
    const Status filled =
        FillPayload(request.response_type(), parameters.size(), *response.mutable_payload());
    if (!filled.ok()) return filled;
    if (!Pause(handling, parameters.interval_us()) ||
        !stream.Write(response, WriteOptionsFor(compressed))) {
      return Status::CANCELLED;
    }
  }
  return Status::OK;
}

// Reads and notes a request; false at the end of them, of which it notes how it came.
template <typename Stream, typename Request>
bool ReadInto(Handling& handling, Stream& stream, Request& request) {
  if (stream.Read(&request)) {
    handling.record().inbox().Note(request);
    return true;
  }
  handling.NoteRequestEnd();
  return false;
}

// What a request expects of its own compressed flag is not looked at: handlers of gRPC C++ do not
// see it.
class TestService
    : public testing::TestService::WithGenericMethod_UnimplementedCall<
          testing::TestService::Service> {
 public:
  using Stream = grpc::ServerReaderWriter<OutputResponse, OutputRequest>;

  explicit TestService(const Frame& frame) : frame_(frame) {}

  Status EmptyCall(ServerContext* context, const testing::Empty* request,
                   testing::Empty*) override {
    return frame_.Around(*context, Path("EmptyCall"), *request, [&] {
      Compress(*context, false);
      return Status::OK;
    });
  }

  Status UnaryCall(ServerContext* context, const testing::SimpleRequest* request,
                   testing::SimpleResponse* response) override {
    return frame_.Around(*context, Path("UnaryCall"), *request, [&] {
      EchoMetadata(*context);
      if (Status wanted = EchoStatus(request->response_status()); !wanted.ok()) return wanted;
      const bool compressed = request->response_compressed().value();
      if (Status lacking = DemandCompression(frame_, compressed); !lacking.ok()) return lacking;
      Compress(*context, compressed);
      return FillPayload(request->response_type(), request->response_size(),
                         *response->mutable_payload());
    });
  }

  Status StreamingOutputCall(ServerContext* context, const OutputRequest* request,
                             grpc::ServerWriter<OutputResponse>* stream) override {
    const auto handling = frame_.Enter(*context, Path("StreamingOutputCall"), false);
    if (handling == nullptr) return ListenerClosed();
    handling->record().inbox().Note(*request);
    EchoMetadata(*context);
    return handling->Leave(RespondTo(frame_, *handling, *request, *stream));
  }

  Status StreamingInputCall(ServerContext* context,
                            grpc::ServerReader<testing::StreamingInputCallRequest>* stream,
                            testing::StreamingInputCallResponse* response) override {
    const auto handling = frame_.Enter(*context, Path("StreamingInputCall"), true);
    if (handling == nullptr) return ListenerClosed();
    EchoMetadata(*context);
    Compress(*context, false);
    std::size_t sum = 0;
    testing::StreamingInputCallRequest request;
    while (ReadInto(*handling, *stream, request)) sum += request.payload().body().size();
    response->set_aggregated_payload_size(static_cast<int>(sum));
    return handling->Leave(Status::OK);
  }

  Status FullDuplexCall(ServerContext* context, Stream* stream) override {
    const auto handling = frame_.Enter(*context, Path("FullDuplexCall"), true);
    if (handling == nullptr) return ListenerClosed();
    EchoMetadata(*context);
    OutputRequest request;
    while (ReadInto(*handling, *stream, request)) {
      Status responded = RespondTo(frame_, *handling, request, *stream);
      if (!responded.ok()) return handling->Leave(std::move(responded));
    }
    return handling->Leave(Status::OK);
  }

  Status HalfDuplexCall(ServerContext* context, Stream* stream) override {
    const auto handling = frame_.Enter(*context, Path("HalfDuplexCall"), true);
    if (handling == nullptr) return ListenerClosed();
    EchoMetadata(*context);
    std::vector<OutputRequest> requests;
    OutputRequest request;
    while (ReadInto(*handling, *stream, request)) {
      // What it carries is not needed for the answer.
      request.clear_payload();
      requests.push_back(request);
    }
    for (const auto& each : requests) {
      Status responded = RespondTo(frame_, *handling, each, *stream);
      if (!responded.ok()) return handling->Leave(std::move(responded));
    }
    return handling->Leave(Status::OK);
  }

 private:
  const Frame frame_;
};

}  // namespace

std::string TestServiceName() { return testing::TestService::service_full_name(); }

std::unique_ptr<grpc::Service> MakeTestService(const Frame& frame) {
  return std::make_unique<TestService>(frame);
}

}  // namespace wirecheck::peer
