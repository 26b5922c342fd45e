// Codings of messages, as they go over the line.
#include <chrono>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include "grpc/testing/messages.pb.h"
#include "hello.grpc.pb.h"
#include "tests/pair.h"
#include "tests/tap.h"

namespace wirecheck::peer {
namespace {

namespace testing = grpc::testing;

const char kTestService[] = "grpc.testing.TestService";
constexpr std::size_t kLong = 1'000;  // Bytes: gRPC C++ compresses nothing that grows by it.

std::string LongName() { return std::string(kLong, 'a'); }

pb::Listen Compressing(pb::Listen listen) {
  listen.mutable_options()->set_compression("gzip");
  return listen;
}

// A pair with a tap between its two.
class Tapped {
 public:
  Tapped(const pb::Listen& listen, pb::Open open) : tap_(pair_.Listen(listen)) {
    open.set_target(tap_.address());
    pair_.OpenChannel(open);
  }

  Pair& pair() { return pair_; }
  const Tap& tap() const { return tap_; }

 private:
  Pair pair_;
  Tap tap_;
};

std::string Flags(const std::vector<WireMessage>& messages) {
  std::string flags;
  for (const auto& message : messages) flags += message.compressed ? '1' : '0';
  return flags;
}

bool IsGzip(const WireMessage& message) { return message.data.rfind("\x1f\x8b", 0) == 0; }

pb::Open CompressingOpen() {
  pb::Open open;
  open.mutable_options()->set_compression("gzip");
  return open;
}

// Both of the client's interfaces.
class EitherApi : public ::testing::TestWithParam<pb::Api> {};

INSTANTIATE_TEST_SUITE_P(Compression, EitherApi,
                         ::testing::Values(pb::API_IDIOMATIC, pb::API_STREAM));

TEST_P(EitherApi, AChannelCompressesItsRequests) {
  Tapped tapped(GreeterListen(), CompressingOpen());
  auto call = Greeting(LongName());
  call.set_api(GetParam());
  EXPECT_EQ(tapped.pair().Make(call).status(), 0U);
  const auto requests = tapped.tap().Requests();
  ASSERT_EQ(Flags(requests), "1");
  EXPECT_TRUE(IsGzip(requests[0]));
  EXPECT_EQ(Flags(tapped.tap().Responses()), "0");
  // Decoded on the other side, as if nothing had been.
  EXPECT_EQ(tapped.pair().AwaitHandled().messages(0).length(), kLong + 3);
}

TEST_P(EitherApi, OneRequestCanBeLeftOut) {
  Tapped tapped(GreeterListen(), CompressingOpen());
  auto call = Greeting(LongName());
  call.set_api(GetParam());
  call.mutable_send(0)->set_uncompressed(true);
  EXPECT_EQ(tapped.pair().Make(call).status(), 0U);
  EXPECT_EQ(Flags(tapped.tap().Requests()), "0");
}

// A script that answers a stream with three messages, of which the second is left out.
pb::Listen ThreeMessages() {
  pb::Script script;
  for (int number = 1; number <= 3; ++number) AddName(script.mutable_send(), LongName());
  script.mutable_send(1)->set_uncompressed(true);
  // Or the call might end before all of its requests are out.
  script.add_receive()->mutable_receive();
  pb::Listen listen;
  auto* const method = listen.add_scripts();
  method->set_method(kSayHello);
  method->set_shape(pb::SHAPE_BIDIRECTIONAL);
  method->set_request_type("HelloRequest");
  method->set_response_type("HelloReply");
  *method->add_scripts() = script;
  return listen;
}

TEST(Compression, AMessageOfAStreamCanBeLeftOut) {
  Tapped tapped(Compressing(ThreeMessages()), CompressingOpen());
  auto call = NewCall(pb::SHAPE_BIDIRECTIONAL);
  for (int number = 1; number <= 3; ++number) AddName(call.mutable_send(), LongName());
  call.mutable_send(2)->set_uncompressed(true);
  EXPECT_EQ(tapped.pair().Make(call).message_count(), 3U);
  EXPECT_EQ(Flags(tapped.tap().Requests()), "110");
  EXPECT_EQ(Flags(tapped.tap().Responses()), "101");
}

TEST(Compression, WithoutTheOptionNothingIsCompressed) {
  Tapped tapped(ThreeMessages(), {});
  auto call = NewCall(pb::SHAPE_BIDIRECTIONAL);
  AddName(call.mutable_send(), LongName());
  EXPECT_EQ(tapped.pair().Make(call).message_count(), 3U);
  EXPECT_EQ(Flags(tapped.tap().Requests()), "0");
  EXPECT_EQ(Flags(tapped.tap().Responses()), "000");
}

TEST(Compression, AMessageThatWouldGrowIsSentAsItIs) {
  Tapped tapped(Compressing(GreeterListen()), CompressingOpen());
  EXPECT_EQ(tapped.pair().Make(Greeting("Al")).status(), 0U);
  EXPECT_EQ(Flags(tapped.tap().Requests()), "0");
  EXPECT_EQ(Flags(tapped.tap().Responses()), "0");
}

// What a greeter that compresses sends to a client that accepts these codings.
std::vector<WireMessage> ResponsesToOneThatAccepts(int codings) {
  Pair pair;
  const Tap tap(pair.Listen(Compressing(GreeterListen())));
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, codings);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  const auto stub = Greeter::NewStub(grpc::CreateCustomChannel(
      tap.address(), grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::nanoseconds(kCallLimitNs));
  HelloRequest request;
  request.set_name(LongName());
  HelloReply reply;
  EXPECT_TRUE(stub->SayHello(&context, request, &reply).ok());
  return tap.Responses();
}

TEST(Compression, AServerCompressesForThoseThatAcceptIt) {
  constexpr int kIdentity = 1 << GRPC_COMPRESS_NONE;
  constexpr int kGzip = 1 << GRPC_COMPRESS_GZIP;
  constexpr int kDeflate = 1 << GRPC_COMPRESS_DEFLATE;
  EXPECT_EQ(Flags(ResponsesToOneThatAccepts(kIdentity)), "0");
  for (const int others : {0, kDeflate}) {
    const auto responses = ResponsesToOneThatAccepts(kIdentity | kGzip | others);
    ASSERT_EQ(Flags(responses), "1");
    EXPECT_TRUE(IsGzip(responses[0]));
  }
}

// ------------------------------------------------------------------ the test service

pb::Listen TestServiceListen() {
  pb::Listen listen;
  listen.add_services(kTestService);
  return listen;
}

pb::Call TestCall(pb::Shape shape, const std::string& method, const std::string& types,
                  const google::protobuf::Message& request) {
  auto call = NewCall(shape, std::string("/") + kTestService + "/" + method);
  call.set_request_type("grpc.testing." + types + "Request");
  call.set_response_type("grpc.testing." + types + "Response");
  call.add_send()->mutable_message()->add_pieces()->set_bytes(request.SerializeAsString());
  return call;
}

TEST(Compression, TheTestServiceCompressesAResponseThatIsWantedSo) {
  Tapped tapped(Compressing(TestServiceListen()), {});
  testing::SimpleRequest request;
  request.set_response_size(kLong);
  const auto call = [&] {
    return TestCall(pb::SHAPE_UNARY, "UnaryCall", "Simple", request);
  };
  EXPECT_EQ(tapped.pair().Make(call()).status(), 0U);
  request.mutable_response_compressed()->set_value(true);
  EXPECT_EQ(tapped.pair().Make(call()).status(), 0U);
  request.mutable_response_compressed()->set_value(false);
  EXPECT_EQ(tapped.pair().Make(call()).status(), 0U);
  EXPECT_EQ(Flags(tapped.tap().Responses()), "010");
}

TEST(Compression, TheTestServiceDecidesMessageByMessage) {
  for (const char* method : {"FullDuplexCall", "HalfDuplexCall", "StreamingOutputCall"}) {
    Tapped tapped(Compressing(TestServiceListen()), {});
    testing::StreamingOutputCallRequest request;
    for (int number = 1; number <= 4; ++number) {
      request.add_response_parameters()->set_size(kLong);
    }
    request.mutable_response_parameters(0)->mutable_compressed()->set_value(true);
    request.mutable_response_parameters(1)->mutable_compressed()->set_value(false);
    request.mutable_response_parameters(3)->mutable_compressed()->set_value(true);
    const bool duplex = std::string(method) != "StreamingOutputCall";
    const auto shape = duplex ? pb::SHAPE_BIDIRECTIONAL : pb::SHAPE_SERVER_STREAMING;
    const auto result = tapped.pair().Make(TestCall(shape, method, "StreamingOutputCall", request));
    EXPECT_EQ(result.status(), 0U) << result.message();
    EXPECT_EQ(Flags(tapped.tap().Responses()), "1001") << method;
  }
}

}  // namespace
}  // namespace wirecheck::peer
