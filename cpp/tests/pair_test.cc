#include "tests/pair.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace wirecheck::peer {
namespace {

using ::testing::Test;

TEST(Pair, TheGreeterGreets) {
  Pair pair;
  pair.OpenService("Greeter");
  auto call = NewCall(pb::SHAPE_UNARY);
  AddName(call.mutable_send());
  const auto result = pair.Make(call);
  EXPECT_EQ(result.status(), 0U);
  EXPECT_EQ(result.messages(0).head(), "\x0a\x0cHello, World");
  const auto handled = pair.AwaitHandled();
  EXPECT_EQ(handled.call_end(), pb::CALL_END_RETURNED);
  EXPECT_EQ(handled.messages(0).head(), "\x0a\x05World");
}

TEST(Pair, TheRouterAnswersWhatIsNotServed) {
  Pair pair;
  pair.OpenService("Greeter");
  auto call = NewCall(pb::SHAPE_UNARY, "/Greeter/SayNothing");
  AddName(call.mutable_send());
  EXPECT_EQ(pair.Make(call).status(), 12U);
}

// Every shape through both of the client's interfaces.
class EveryShape : public ::testing::TestWithParam<std::tuple<pb::Shape, pb::Api>> {};

INSTANTIATE_TEST_SUITE_P(
    Pair, EveryShape,
    ::testing::Combine(::testing::Values(pb::SHAPE_UNARY, pb::SHAPE_CLIENT_STREAMING,
                                         pb::SHAPE_SERVER_STREAMING, pb::SHAPE_BIDIRECTIONAL),
                       ::testing::Values(pb::API_IDIOMATIC, pb::API_STREAM)));

TEST_P(EveryShape, CarriesItsMessagesAndMetadata) {
  const auto [shape, api] = GetParam();
  const bool many_requests =
      shape == pb::SHAPE_CLIENT_STREAMING || shape == pb::SHAPE_BIDIRECTIONAL;
  const bool many_responses =
      shape == pb::SHAPE_SERVER_STREAMING || shape == pb::SHAPE_BIDIRECTIONAL;
  pb::Script script;
  auto* const leading = script.add_send()->mutable_headers()->add_metadata();
  leading->set_key("x-lead-bin");
  leading->set_value(std::string("\x00\xff", 2));
  AddName(script.mutable_send(), "one");
  if (many_responses) AddName(script.mutable_send(), "two");
  script.add_receive()->mutable_receive();
  Pair pair;
  pair.OpenScripted(shape, script);

  auto call = NewCall(shape);
  call.set_api(api);
  for (const char* value : {"a", "b"}) {
    auto* const entry = call.add_metadata();
    entry->set_key("x-twice");
    entry->set_value(value);
  }
  AddName(call.mutable_send(), "first");
  if (many_requests) AddName(call.mutable_send(), "second");
  call.add_receive()->mutable_await_headers();
  const auto result = pair.Make(call);

  EXPECT_EQ(result.status(), 0U) << result.message();
  EXPECT_EQ(result.message_count(), many_responses ? 2U : 1U);
  ASSERT_EQ(result.leading_size(), 1);
  EXPECT_EQ(result.leading(0).value(), std::string("\x00\xff", 2));
  const auto began = pair.AwaitBegan();
  std::string twice;
  for (const auto& entry : began.metadata()) {
    if (entry.key() == "x-twice") twice += entry.value();
  }
  EXPECT_EQ(twice, "ab");
  const auto handled = pair.AwaitHandled();
  EXPECT_EQ(handled.message_count(), many_requests ? 2U : 1U);
  EXPECT_EQ(handled.request_end(), pb::REQUEST_END_HALF_CLOSED);
}

TEST(Pair, AStatusComesWithAllThatItHas) {
  pb::Script script;
  auto* const status = script.add_send()->mutable_status();
  status->set_code(9);
  status->set_message("no \xe2\x98\xba");
  status->set_details("\x08\x09");
  auto* const trailing = status->add_trailing();
  trailing->set_key("x-trail");
  trailing->set_value("t");
  Pair pair;
  pair.OpenScripted(pb::SHAPE_UNARY, script);
  auto call = NewCall(pb::SHAPE_UNARY);
  AddName(call.mutable_send());
  const auto result = pair.Make(call);
  EXPECT_EQ(result.status(), 9U);
  EXPECT_EQ(result.message(), "no \xe2\x98\xba");
  EXPECT_EQ(result.details(), "\x08\x09");
  bool found = false;
  for (const auto& entry : result.trailing()) found = found || entry.key() == "x-trail";
  EXPECT_TRUE(found);
}

TEST(Pair, ALaneWaitsForALatchAndForTheOtherLane) {
  pb::Script script;
  AddWait(script.mutable_send(), "go", "waits");
  AddName(script.mutable_send());
  script.add_send()->mutable_wait()->set_step("all in");
  AddName(script.mutable_send());
  script.add_receive()->mutable_receive();
  script.mutable_receive(0)->set_name("all in");
  Pair pair;
  pair.OpenScripted(pb::SHAPE_BIDIRECTIONAL, script);
  auto call = NewCall(pb::SHAPE_BIDIRECTIONAL);
  call.add_send()->mutable_wait()->set_step("one in");
  call.add_receive()->mutable_receive()->set_count(1);
  call.mutable_receive(0)->set_name("one in");
  pair.Begin(call);
  pair.AwaitReached(pair.server(), "waits");
  pair.Release("go");
  const auto result = pair.Result();
  EXPECT_EQ(result.status(), 0U);
  EXPECT_EQ(result.message_count(), 2U);
}

pb::Script NeverEnding() {
  pb::Script script;
  AddWait(script.mutable_send(), "never");
  return script;
}

TEST(Pair, ACancelReachesTheHandler) {
  Pair pair;
  pb::Script script = NeverEnding();
  script.add_receive()->mutable_receive();
  pair.OpenScripted(pb::SHAPE_BIDIRECTIONAL, script);
  auto call = NewCall(pb::SHAPE_BIDIRECTIONAL);
  AddName(call.mutable_send());
  AddWait(call.mutable_send(), "cancel");
  call.add_send()->mutable_cancel();
  pair.Begin(call);
  pair.AwaitBegan();
  pair.Release("cancel");
  EXPECT_EQ(pair.Result().status(), 1U);
  const auto handled = pair.AwaitHandled();
  EXPECT_EQ(handled.call_end(), pb::CALL_END_CANCELLED);
}

TEST(Pair, ADeadlineEndsBothSides) {
  Pair pair;
  pair.OpenScripted(pb::SHAPE_UNARY, NeverEnding());
  auto call = NewCall(pb::SHAPE_UNARY);
  AddName(call.mutable_send());
  call.set_timeout_ns(300'000'000);
  EXPECT_EQ(pair.Make(call).status(), 4U);
  EXPECT_NE(pair.AwaitHandled().call_end(), pb::CALL_END_RETURNED);
}

TEST(Pair, AnAbortedCallIsReportedWithWhereItStood) {
  Pair pair;
  pair.OpenScripted(pb::SHAPE_BIDIRECTIONAL, NeverEnding());
  auto call = NewCall(pb::SHAPE_BIDIRECTIONAL);
  AddName(call.mutable_send());
  AddWait(call.mutable_send(), "never", "stuck");
  pair.Begin(call);
  pair.AwaitBegan();
  pair.AwaitReached(pair.client(), "stuck");
  pair.AbortCall();
  const auto result = pair.Result();
  EXPECT_TRUE(result.aborted());
  EXPECT_EQ(result.status(), 1U);
  EXPECT_EQ(result.stood_at_send(), 2U);
}

TEST(Pair, ACallThatNeverBeganCanBeAborted) {
  Pair pair;
  pair.OpenScripted(pb::SHAPE_UNARY, NeverEnding());
  auto call = NewCall(pb::SHAPE_UNARY);
  AddWait(call.mutable_send(), "never", "stuck");
  AddName(call.mutable_send());
  pair.Begin(call);
  pair.AwaitReached(pair.client(), "stuck");
  pair.AbortCall();
  const auto result = pair.Result();
  EXPECT_TRUE(result.aborted());
  EXPECT_EQ(result.duration_ns(), 0U);
}

TEST(Pair, AnAbortedListenerEndsItsCalls) {
  Pair pair;
  pair.OpenScripted(pb::SHAPE_UNARY, NeverEnding());
  auto call = NewCall(pb::SHAPE_UNARY);
  AddName(call.mutable_send());
  pair.Begin(call);
  pair.AwaitBegan();
  pair.AbortListener();
  EXPECT_EQ(pair.AwaitHandled().call_end(), pb::CALL_END_CANCELLED);
  EXPECT_EQ(pair.Result().status(), 1U);
}

TEST(Pair, AShutdownLetsACallEnd) {
  pb::Script script;
  AddWait(script.mutable_send(), "go");
  AddName(script.mutable_send());
  Pair pair;
  pair.OpenScripted(pb::SHAPE_UNARY, script);
  auto call = NewCall(pb::SHAPE_UNARY);
  AddName(call.mutable_send());
  pair.Begin(call);
  pair.AwaitBegan();
  pair.Shutdown(/*grace_ms=*/15'000);
  pair.Release("go");
  EXPECT_EQ(pair.Result().status(), 0U);
  EXPECT_EQ(pair.AwaitHandled().call_end(), pb::CALL_END_RETURNED);
  EXPECT_TRUE(pair.server().Next().has_shut_down());
}

TEST(Pair, UnlistenIsTheLastOfItsListener) {
  Pair pair;
  pair.OpenScripted(pb::SHAPE_UNARY, NeverEnding());
  auto call = NewCall(pb::SHAPE_UNARY);
  AddName(call.mutable_send());
  pair.Begin(call);
  pair.AwaitBegan();
  pb::ToPeer order;
  order.mutable_unlisten()->set_listener(1);
  pair.server().Send(order);
  EXPECT_TRUE(pair.server().Next().has_handled());
  EXPECT_EQ(pair.server().Next().unlistened().still_running(), 0U);
  EXPECT_NE(pair.Result().status(), 0U);
}

TEST(Pair, BytesThatAreNoMessageNeverReachAHandler) {
  Pair pair;
  pair.OpenScripted(pb::SHAPE_UNARY, NeverEnding());
  auto call = NewCall(pb::SHAPE_UNARY);
  call.add_send()->mutable_raw()->add_pieces()->set_bytes("\x0a\x05");
  EXPECT_EQ(pair.Make(call).status(), 13U);
}

TEST(Pair, AResponseThatIsNoMessageIsTheCodecsError) {
  for (const auto api : {pb::API_IDIOMATIC, pb::API_STREAM}) {
    pb::Script script;
    script.add_send()->mutable_raw()->add_pieces()->set_bytes("\x0a\x05");
    Pair pair;
    pair.OpenScripted(pb::SHAPE_UNARY, script);
    auto call = NewCall(pb::SHAPE_UNARY);
    call.set_api(api);
    AddName(call.mutable_send());
    const auto result = pair.Make(call);
    EXPECT_EQ(result.status(), 13U);
    ASSERT_EQ(result.messages_size(), 1);
    EXPECT_FALSE(result.messages(0).codec_error().empty());
  }
}

TEST(Pair, ASocketWorksAndIsGoneAfterwards) {
  char folder[] = "/tmp/wirecheck-cpp-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string path = std::string(folder) + "/peer.sock";
  {
    Pair pair;
    pb::Listen listen;
    listen.add_services("Greeter");
    listen.mutable_transport()->mutable_uds()->set_path(path);
    pair.Open(listen);
    auto call = NewCall(pb::SHAPE_UNARY);
    AddName(call.mutable_send());
    EXPECT_EQ(pair.Make(call).status(), 0U);
    EXPECT_TRUE(std::filesystem::exists(path));
    EXPECT_EQ(pair.server().Finish(), 0);
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  std::filesystem::remove_all(folder);
}

TEST(Pair, TheLoopbackOfVersion6IsListenedOn) {
  Pair pair;
  auto listen = GreeterListen();
  listen.mutable_transport()->mutable_tcp()->set_ipv6(true);
  pb::Open open;
  open.set_target(pair.Listen(listen));
  EXPECT_EQ(open.target().rfind("[::1]:", 0), 0U) << open.target();
  pair.OpenChannel(open);
  EXPECT_EQ(pair.Make(Greeting()).status(), 0U);
}

TEST(Pair, AHundredCallsAreAnswered) {
  Pair pair;
  pair.OpenService("Greeter");
  for (std::uint64_t number = 1; number <= 100; ++number) {
    auto call = NewCall(pb::SHAPE_UNARY);
    AddName(call.mutable_send());
    call.set_call(number);
    call.set_channel(1);
    pb::ToPeer order;
    *order.mutable_call() = call;
    pair.client().Send(order);
  }
  for (int count = 0; count < 100; ++count) EXPECT_EQ(pair.Result().status(), 0U);
}

}  // namespace
}  // namespace wirecheck::peer
