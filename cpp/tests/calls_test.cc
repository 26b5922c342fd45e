#include "wirecheck_peer/calls.h"

#include <gtest/gtest.h>

#include "wirecheck_peer/errors.h"
#include "wirecheck_peer/scripts.h"

namespace wirecheck::peer {
namespace {

pb::Call CallOf(pb::Shape shape) {
  pb::Call order;
  order.set_method("/Greeter/SayHello");
  order.set_shape(shape);
  order.set_request_type("HelloRequest");
  order.set_response_type("HelloReply");
  return order;
}

pb::MethodScripts* AddMethod(pb::Listen& order, pb::Shape shape) {
  auto* const method = order.add_scripts();
  method->set_method("/Greeter/SayHello");
  method->set_shape(shape);
  method->set_request_type("HelloRequest");
  method->set_response_type("HelloReply");
  return method;
}

std::string FeatureLackedBy(const pb::Call& order) {
  try {
    MakePlan(order);
  } catch (const Unsupported& error) {
    return error.what();
  }
  return "none";
}

TEST(Calls, ACallWithOneRequestHasOneMessage) {
  pb::Call order = CallOf(pb::SHAPE_UNARY);
  EXPECT_THROW(MakePlan(order), CouldNotTry);
  order.add_send()->mutable_message();
  EXPECT_EQ(MakePlan(order).half_close_after, 1);
  order.add_send()->mutable_message();
  EXPECT_THROW(MakePlan(order), CouldNotTry);
}

TEST(Calls, AStreamIsHalfClosedBehindItsLastMessage) {
  pb::Call order = CallOf(pb::SHAPE_CLIENT_STREAMING);
  EXPECT_EQ(MakePlan(order).half_close_after, 0);
  order.add_send()->mutable_message();
  order.add_send()->mutable_wait()->set_released("x");
  EXPECT_EQ(MakePlan(order).half_close_after, 1);
  order.add_send()->mutable_half_close();
  EXPECT_EQ(MakePlan(order).half_close_after, 3);
  order.add_send()->mutable_message();
  EXPECT_THROW(MakePlan(order), CouldNotTry);
}

TEST(Calls, TheMostGeneralInterfaceStreamsBothWays) {
  pb::Call order = CallOf(pb::SHAPE_UNARY);
  order.set_api(pb::API_STREAM);
  const Plan plan = MakePlan(order);
  EXPECT_TRUE(plan.streams_requests);
  EXPECT_TRUE(plan.streams_responses);
}

TEST(Calls, UnknownFeaturesAreNamed) {
  pb::Call order = CallOf(pb::SHAPE_BIDIRECTIONAL);
  order.add_requires("x-1234");
  EXPECT_EQ(FeatureLackedBy(order), "x-1234");
  pb::Call step = CallOf(pb::SHAPE_BIDIRECTIONAL);
  step.add_receive()->add_requires("y-5678");
  EXPECT_EQ(FeatureLackedBy(step), "y-5678");
  pb::Call api = CallOf(pb::SHAPE_BIDIRECTIONAL);
  api.set_api(static_cast<pb::Api>(9));
  EXPECT_EQ(FeatureLackedBy(api), "api-9");
}

TEST(Calls, StepsKeepToTheirLane) {
  pb::Call order = CallOf(pb::SHAPE_BIDIRECTIONAL);
  order.add_send()->mutable_receive();
  EXPECT_THROW(MakePlan(order), CouldNotTry);
}

TEST(Calls, MetadataThatWouldEndTheProcessIsRefused) {
  for (const char* key : {"Upper", ":path", "", "with space"}) {
    pb::Call order = CallOf(pb::SHAPE_BIDIRECTIONAL);
    order.add_metadata()->set_key(key);
    EXPECT_THROW(MakePlan(order), CouldNotTry) << key;
  }
  pb::Call order = CallOf(pb::SHAPE_BIDIRECTIONAL);
  auto* const entry = order.add_metadata();
  entry->set_key("text");
  entry->set_value("\n");
  EXPECT_THROW(MakePlan(order), CouldNotTry);
  entry->set_key("bytes-bin");
  EXPECT_NO_THROW(MakePlan(order));
}

TEST(Calls, ATokenThatIsNoMetadataIsRefused) {
  pb::Call order = CallOf(pb::SHAPE_BIDIRECTIONAL);
  order.set_bearer_token("some.token");
  EXPECT_NO_THROW(MakePlan(order));
  order.set_bearer_token("two\nlines");
  EXPECT_THROW(MakePlan(order), CouldNotTry);
}

TEST(Calls, ATimeoutBeyondTheClockIsTheLongest) {
  pb::Call order = CallOf(pb::SHAPE_BIDIRECTIONAL);
  EXPECT_FALSE(MakePlan(order).timeout);
  order.set_timeout_ns(UINT64_MAX);
  EXPECT_EQ(*MakePlan(order).timeout, std::chrono::nanoseconds::max());
}

TEST(Scripts, TheLastScriptRepeats) {
  pb::Listen order;
  auto* const method = AddMethod(order, pb::SHAPE_UNARY);
  method->add_scripts()->add_send()->mutable_status()->set_code(1);
  method->add_scripts()->add_send()->mutable_status()->set_code(2);
  const auto methods = MakeScriptedMethods(order);
  const auto& made = *methods.at("/Greeter/SayHello");
  EXPECT_EQ(made.ScriptAfter(0).send(0).status().code(), 1U);
  EXPECT_EQ(made.ScriptAfter(1).send(0).status().code(), 2U);
  EXPECT_EQ(made.ScriptAfter(7).send(0).status().code(), 2U);
}

TEST(Scripts, WhatCannotBeFollowedIsRefused) {
  pb::Listen none;
  AddMethod(none, pb::SHAPE_UNARY);
  EXPECT_THROW(MakeScriptedMethods(none), CouldNotTry);

  pb::Listen two_responses;
  auto* script = AddMethod(two_responses, pb::SHAPE_UNARY)->add_scripts();
  script->add_send()->mutable_message();
  script->add_send()->mutable_message();
  EXPECT_THROW(MakeScriptedMethods(two_responses), CouldNotTry);

  pb::Listen late_headers;
  script = AddMethod(late_headers, pb::SHAPE_SERVER_STREAMING)->add_scripts();
  script->add_send()->mutable_message();
  script->add_send()->mutable_headers();
  EXPECT_THROW(MakeScriptedMethods(late_headers), CouldNotTry);

  pb::Listen twice;
  AddMethod(twice, pb::SHAPE_UNARY)->add_scripts();
  AddMethod(twice, pb::SHAPE_UNARY)->add_scripts();
  EXPECT_THROW(MakeScriptedMethods(twice), CouldNotTry);
}

TEST(Scripts, PanicAndResetAreUnsupported) {
  pb::Listen panic;
  AddMethod(panic, pb::SHAPE_UNARY)->add_scripts()->add_send()->mutable_panic();
  EXPECT_THROW(MakeScriptedMethods(panic), Unsupported);
  pb::Listen reset;
  AddMethod(reset, pb::SHAPE_UNARY)->add_scripts()->add_send()->mutable_reset();
  EXPECT_THROW(MakeScriptedMethods(reset), Unsupported);
}

}  // namespace
}  // namespace wirecheck::peer
