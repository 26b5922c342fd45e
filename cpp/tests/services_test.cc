// The services that are not the greeters.
#include <gtest/gtest.h>

#include "grpc/testing/empty.pb.h"
#include "grpc/testing/messages.pb.h"
#include "tests/pair.h"

namespace wirecheck::peer {
namespace {

namespace testing = grpc::testing;

const char kTestService[] = "grpc.testing.TestService";

pb::Call TestCall(pb::Shape shape, const std::string& method, const std::string& request,
                  const std::string& response) {
  auto call = NewCall(shape, std::string("/") + kTestService + "/" + method);
  call.set_request_type("grpc.testing." + request);
  call.set_response_type("grpc.testing." + response);
  call.set_whole(true);
  return call;
}

void Add(pb::Call& call, const google::protobuf::Message& message) {
  call.add_send()->mutable_message()->add_pieces()->set_bytes(message.SerializeAsString());
}

pb::Call UnaryCall(const testing::SimpleRequest& request) {
  auto call = TestCall(pb::SHAPE_UNARY, "UnaryCall", "SimpleRequest", "SimpleResponse");
  Add(call, request);
  return call;
}

TEST(TestService, AnswersWithThePayloadThatIsAskedFor) {
  Pair pair;
  pair.OpenService(kTestService);
  testing::SimpleRequest request;
  request.set_response_size(314'159);
  const auto result = pair.Make(UnaryCall(request));
  testing::SimpleResponse response;
  ASSERT_TRUE(response.ParseFromString(result.messages(0).head()));
  EXPECT_EQ(response.payload().body(), std::string(314'159, '\0'));
}

TEST(TestService, AnswersWithTheStatusThatIsAskedFor) {
  Pair pair;
  pair.OpenService(kTestService);
  testing::SimpleRequest request;
  request.mutable_response_status()->set_code(2);
  request.mutable_response_status()->set_message("test status message");
  const auto result = pair.Make(UnaryCall(request));
  EXPECT_EQ(result.status(), 2U);
  EXPECT_EQ(result.message(), "test status message");
}

TEST(TestService, RefusesCompressionAndPayloadsThatCannotBe) {
  Pair pair;
  pair.OpenService(kTestService);
  testing::SimpleRequest compressed;
  compressed.mutable_response_compressed()->set_value(true);
  EXPECT_EQ(pair.Make(UnaryCall(compressed)).status(), 12U);
  testing::SimpleRequest expected;
  expected.mutable_expect_compressed()->set_value(true);
  EXPECT_EQ(pair.Make(UnaryCall(expected)).status(), 0U);
  testing::SimpleRequest negative;
  negative.set_response_size(-1);
  EXPECT_EQ(pair.Make(UnaryCall(negative)).status(), 3U);
}

TEST(TestService, EchoesMetadataBothWays) {
  Pair pair;
  pair.OpenService(kTestService);
  auto call = UnaryCall({});
  auto* const initial = call.add_metadata();
  initial->set_key("x-grpc-test-echo-initial");
  initial->set_value("test_initial_metadata_value");
  auto* const trailing = call.add_metadata();
  trailing->set_key("x-grpc-test-echo-trailing-bin");
  trailing->set_value("\xab\xab\xab");
  const auto result = pair.Make(call);
  ASSERT_EQ(result.leading_size(), 1);
  EXPECT_EQ(result.leading(0).value(), "test_initial_metadata_value");
  ASSERT_EQ(result.trailing_size(), 1);
  EXPECT_EQ(result.trailing(0).value(), "\xab\xab\xab");
}

TEST(TestService, SumsUpWhatComesIn) {
  Pair pair;
  pair.OpenService(kTestService);
  auto call = TestCall(pb::SHAPE_CLIENT_STREAMING, "StreamingInputCall",
                       "StreamingInputCallRequest", "StreamingInputCallResponse");
  for (const int size : {27'182, 8, 1'828, 45'904}) {
    testing::StreamingInputCallRequest request;
    request.mutable_payload()->set_body(std::string(static_cast<std::size_t>(size), '\0'));
    Add(call, request);
  }
  const auto result = pair.Make(call);
  testing::StreamingInputCallResponse response;
  ASSERT_TRUE(response.ParseFromString(result.messages(0).head()));
  EXPECT_EQ(response.aggregated_payload_size(), 74'922);
  const auto handled = pair.AwaitHandled();
  EXPECT_EQ(handled.message_count(), 4U);
  EXPECT_EQ(handled.request_end(), pb::REQUEST_END_HALF_CLOSED);
}

// The two methods that stream both ways differ only in when they answer.
class Duplex : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(TestService, Duplex,
                         ::testing::Values("FullDuplexCall", "HalfDuplexCall"));

TEST_P(Duplex, AnswersWithTheSizesThatAreAskedFor) {
  Pair pair;
  pair.OpenService(kTestService);
  auto call = TestCall(pb::SHAPE_BIDIRECTIONAL, GetParam(), "StreamingOutputCallRequest",
                       "StreamingOutputCallResponse");
  for (const int size : {9, 2'653}) {
    testing::StreamingOutputCallRequest request;
    request.add_response_parameters()->set_size(size);
    request.mutable_response_parameters(0)->set_interval_us(1'000);
    Add(call, request);
  }
  const auto result = pair.Make(call);
  EXPECT_EQ(result.status(), 0U);
  ASSERT_EQ(result.messages_size(), 2);
  testing::StreamingOutputCallResponse response;
  ASSERT_TRUE(response.ParseFromString(result.messages(1).head()));
  EXPECT_EQ(response.payload().body().size(), 2'653U);
}

TEST(TestService, APauseEndsWithItsCall) {
  Pair pair;
  pair.OpenService(kTestService);
  auto call = TestCall(pb::SHAPE_SERVER_STREAMING, "StreamingOutputCall",
                       "StreamingOutputCallRequest", "StreamingOutputCallResponse");
  testing::StreamingOutputCallRequest request;
  request.add_response_parameters()->set_interval_us(2'000'000'000);
  Add(call, request);
  pair.Begin(call);
  pair.AwaitBegan();
  pair.AbortCall();
  EXPECT_EQ(pair.AwaitHandled().call_end(), pb::CALL_END_CANCELLED);
  EXPECT_EQ(pair.Result().status(), 1U);
}

TEST(TestService, LeavesTheMethodThatNoServerHasToTheRouter) {
  Pair pair;
  pair.OpenService(kTestService);
  auto call = TestCall(pb::SHAPE_UNARY, "UnimplementedCall", "Empty", "Empty");
  Add(call, testing::Empty());
  EXPECT_EQ(pair.Make(call).status(), 12U);
}

TEST(Services, HealthAndReflectionAreTheLibrarysOwn) {
  Pair pair;
  pb::Listen listen;
  listen.add_services("Greeter");
  listen.add_services("grpc.health.v1.Health");
  listen.add_services("grpc.reflection.v1alpha.ServerReflection");
  pair.Open(listen);
  // Their messages as bytes, since they are not built in: an empty service name is the whole
  // server, and field 7 asks for the list of services.
  auto check = NewCall(pb::SHAPE_UNARY, "/grpc.health.v1.Health/Check");
  check.add_send()->mutable_raw()->add_pieces()->set_bytes("\x0a\x07Greeter");
  check.set_response_type("grpc.testing.Empty");
  const auto health = pair.Make(check);
  EXPECT_EQ(health.status(), 0U);
  EXPECT_EQ(health.messages(0).head(), "\x08\x01");  // SERVING, as an unknown field.
  auto list = NewCall(pb::SHAPE_BIDIRECTIONAL,
                      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");
  list.add_send()->mutable_raw()->add_pieces()->set_bytes(std::string("\x3a\x01*"));
  list.set_response_type("grpc.testing.Empty");
  const auto reflection = pair.Make(list);
  EXPECT_EQ(reflection.status(), 0U);
  EXPECT_NE(reflection.messages(0).head().find("Greeter"), std::string::npos);
}

TEST(Services, AServiceAndAScriptDoNotShareAPath) {
  Driver server("server");
  pb::ToPeer order;
  auto& listen = *order.mutable_listen();
  listen.mutable_transport()->mutable_tcp();
  listen.add_services("Greeter");
  auto* const method = listen.add_scripts();
  method->set_method(kSayHello);
  method->set_shape(pb::SHAPE_UNARY);
  method->set_request_type("HelloRequest");
  method->set_response_type("HelloReply");
  method->add_scripts();
  server.Send(order);
  EXPECT_EQ(server.Next().refused().could_not_try().why(),
            "/Greeter/SayHello has both a service and scripts");
}

}  // namespace
}  // namespace wirecheck::peer
