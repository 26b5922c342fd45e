// The life of the program, in either role.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/driver.h"

namespace wirecheck::peer {
namespace {

class EitherRole : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Session, EitherRole, ::testing::Values("client", "server"),
                         [](const auto& info) { return std::string(info.param); });

bool Has(const pb::Ready& ready, const std::string& feature) {
  return std::count(ready.features().begin(), ready.features().end(), feature) == 1;
}

TEST_P(EitherRole, SaysWhatItIs) {
  Driver peer(GetParam());
  EXPECT_EQ(peer.ready().peer(), "cpp-grpc");
  EXPECT_EQ(peer.ready().contract_version(), 1U);
  EXPECT_TRUE(Has(peer.ready(), GetParam()));
  EXPECT_TRUE(Has(peer.ready(), "raw-messages"));
  for (const char* feature : {"ipv6", "tls", "mtls", "compression:gzip", "option:compression",
                              "option:accept_compression", "per-message-compression"}) {
    EXPECT_TRUE(Has(peer.ready(), feature)) << feature;
  }
  EXPECT_EQ(Has(peer.ready(), "call-credentials"), std::string(GetParam()) == "client");
  EXPECT_FALSE(Has(peer.ready(), "sees-compressed-flag"));
  EXPECT_FALSE(Has(peer.ready(), "reset"));
  EXPECT_FALSE(Has(peer.ready(), "panic"));
  EXPECT_GE(peer.ready().versions_size(), 3);
  EXPECT_EQ(peer.Finish(), 0);
}

TEST_P(EitherRole, EndsWithStdin) {
  Driver peer(GetParam(), /*start=*/false);
  EXPECT_EQ(peer.Finish(), 0);
}

TEST_P(EitherRole, WritesNothingAfterStop) {
  Driver peer(GetParam());
  pb::ToPeer stop;
  stop.mutable_stop();
  peer.Send(stop);
  pb::ToPeer close;
  close.mutable_close()->set_channel(1);
  peer.Send(close);
  EXPECT_EQ(peer.Finish(), 0);
}

TEST_P(EitherRole, TakesNoOrderOfTheOther) {
  Driver peer(GetParam());
  pb::ToPeer order;
  const bool client = std::string(GetParam()) == "client";
  if (client) {
    order.mutable_unlisten()->set_listener(1);
  } else {
    order.mutable_close()->set_channel(1);
  }
  peer.Send(order);
  EXPECT_EQ(peer.Next().refused().unsupported().feature(), client ? "server" : "client");
}

TEST_P(EitherRole, EndsAtWhatIsNoFrame) {
  Driver peer(GetParam(), /*start=*/false);
  peer.Write("Hello, peer\n");
  EXPECT_EQ(peer.Finish(), 70);
}

TEST_P(EitherRole, EndsAtHalfAFrame) {
  Driver peer(GetParam());
  peer.Write("\x09\x0D\x31");
  EXPECT_EQ(peer.Finish(), 70);
}

TEST_P(EitherRole, EndsAtASecondStart) {
  Driver peer(GetParam());
  pb::ToPeer order;
  order.mutable_start()->set_contract_version(1);
  peer.Send(order);
  EXPECT_EQ(peer.Finish(), 70);
}

TEST_P(EitherRole, IsDeafToAnotherVersion) {
  Driver peer(GetParam(), /*start=*/false);
  pb::ToPeer order;
  order.mutable_start()->set_contract_version(2);
  order.mutable_start()->set_role(std::string(GetParam()) == "client" ? pb::ROLE_CLIENT
                                                                      : pb::ROLE_SERVER);
  peer.Send(order);
  EXPECT_EQ(peer.Next().ready().contract_version(), 1U);
  EXPECT_EQ(peer.Finish(), 0);
}

TEST(Session, ARoleThatIsNoneIsAnErrorOfUsage) {
  Driver peer("referee", /*start=*/false);
  EXPECT_EQ(peer.Finish(), 2);
}

TEST(Session, UnknownFeaturesAreRefusedByName) {
  Driver client("client");
  pb::ToPeer open;
  open.mutable_open()->set_channel(3);
  open.mutable_open()->add_requires("x-random");
  client.Send(open);
  const auto refused = client.Next().refused();
  EXPECT_EQ(refused.channel(), 3U);
  EXPECT_EQ(refused.unsupported().feature(), "x-random");

  Driver server("server");
  pb::ToPeer listen;
  listen.mutable_listen()->set_listener(4);
  listen.mutable_listen()->mutable_transport()->mutable_tcp();
  listen.mutable_listen()->add_services("no.such.Service");
  server.Send(listen);
  EXPECT_EQ(server.Next().refused().unsupported().feature(), "service:no.such.Service");
}

TEST(Session, WhatIsNotThereCannotBeUsed) {
  Driver client("client");
  pb::ToPeer call;
  call.mutable_call()->set_call(9);
  call.mutable_call()->set_channel(8);
  call.mutable_call()->set_shape(pb::SHAPE_BIDIRECTIONAL);
  call.mutable_call()->set_request_type("HelloRequest");
  call.mutable_call()->set_response_type("HelloReply");
  client.Send(call);
  EXPECT_EQ(client.Next().report().could_not_try().why(), "there is no channel 8");
}

}  // namespace
}  // namespace wirecheck::peer
