#include "wirecheck_peer/messages.h"

#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include "hello.pb.h"
#include "wirecheck/test/v1/scalars.pb.h"
#include "wirecheck_peer/errors.h"
#include "wirecheck_peer/inbox.h"

namespace wirecheck::peer {
namespace {

const char kEverything[] = "wirecheck.test.v1.Everything";

std::string DescriptorSet() {
  google::protobuf::FileDescriptorSet set;
  test::v1::Everything::descriptor()->file()->CopyTo(set.add_file());
  return set.SerializeAsString();
}

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(buffer.Dump(&slices).ok());
  std::string bytes;
  for (const auto& slice : slices) bytes.append(slice.begin(), slice.end());
  return bytes;
}

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

pb::Step MessageStep(const std::string& bytes) {
  pb::Step step;
  step.mutable_message()->add_pieces()->set_bytes(bytes);
  return step;
}

TEST(Messages, TypesAreBuiltIn) {
  EXPECT_EQ(FindMessageType("HelloRequest", "").prototype, &HelloRequest::default_instance());
  EXPECT_NE(FindMessageType("grpc.testing.SimpleRequest", "").prototype, nullptr);
  EXPECT_THROW(FindMessageType("Nothing", ""), CouldNotTry);
}

TEST(Messages, TypesComeFromADescriptorSet) {
  const auto type = FindMessageType(kEverything, DescriptorSet());
  EXPECT_EQ(type.prototype->GetDescriptor()->full_name(), kEverything);
  EXPECT_NE(type.prototype, &test::v1::Everything::default_instance());
  EXPECT_THROW(FindMessageType("wirecheck.test.v1.Nothing", DescriptorSet()), CouldNotTry);
}

TEST(Messages, ADescriptorSetThatLacksAnImportIsRefused) {
  google::protobuf::FileDescriptorSet set;
  auto* const file = set.add_file();
  file->set_name("lonely.proto");
  file->add_dependency("missing.proto");
  EXPECT_THROW(FindMessageType("Any", set.SerializeAsString()), CouldNotTry);
  EXPECT_THROW(FindMessageType("Any", "\xFF"), CouldNotTry);
}

TEST(Messages, AMessageIsEncodedByItsOwnCode) {
  // The last of two values counts, so one is left.
  const auto sent = Outgoing(MessageStep("\x0a\x01\x61\x0a\x01\x62"),
                             FindMessageType("HelloRequest", ""));
  EXPECT_EQ(BytesOf(sent), "\x0a\x01\x62");
}

TEST(Messages, AMessageThatCannotBeDecodedIsRefused) {
  EXPECT_THROW(Outgoing(MessageStep("\x0a\x05"), FindMessageType("HelloRequest", "")), CouldNotTry);
}

TEST(Messages, RawBytesAreSentAsTheyAre) {
  pb::Step step;
  step.mutable_raw()->add_pieces()->set_bytes("\x0a\x05");
  auto* const fill = step.mutable_raw()->add_pieces()->mutable_fill();
  fill->set_byte('x');
  fill->set_count(3);
  EXPECT_EQ(BytesOf(Outgoing(step, FindMessageType("HelloRequest", ""))), "\x0a\x05xxx");
}

TEST(Messages, FillsAreBounded) {
  pb::Payload payload;
  for (int piece = 0; piece < 2; ++piece) {
    payload.add_pieces()->mutable_fill()->set_count(33 * 1024 * 1024);
  }
  EXPECT_THROW(PayloadBytes(payload), CouldNotTry);
  pb::Payload huge;
  huge.add_pieces()->mutable_fill()->set_count(UINT64_MAX);
  EXPECT_THROW(PayloadBytes(huge), CouldNotTry);
  pb::Payload no_byte;
  no_byte.add_pieces()->mutable_fill()->set_byte(256);
  EXPECT_THROW(PayloadBytes(no_byte), CouldNotTry);
}

TEST(Inbox, AMessageIsSeenAsTheCodecUnderstoodIt) {
  Inbox inbox(false);
  auto data = BufferOf("\x0a\x01\x61\x0a\x01\x62");
  EXPECT_TRUE(inbox.Take(data, FindMessageType("HelloRequest", "")).ok());
  const auto seen = inbox.Report(false);
  ASSERT_EQ(seen.size(), 1);
  EXPECT_EQ(seen[0].head(), "\x0a\x01\x62");
  EXPECT_EQ(seen[0].length(), 3U);
  EXPECT_EQ(seen[0].sha256().size(), 32U);
}

TEST(Inbox, WhatTheCodecRefusesIsAnError) {
  Inbox inbox(false);
  auto data = BufferOf("\x0a\x02\xff\xfe");
  const auto decoded = inbox.Take(data, FindMessageType("HelloRequest", ""));
  EXPECT_EQ(decoded.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_FALSE(inbox.Report(false)[0].codec_error().empty());
}

TEST(Inbox, ADynamicMessageIsHeldToUtf8AsWell) {
  Inbox inbox(false);
  google::protobuf::FileDescriptorSet set;
  HelloRequest::descriptor()->file()->CopyTo(set.add_file());
  auto data = BufferOf("\x0a\x02\xff\xfe");
  const auto type = FindMessageType("HelloRequest", set.SerializeAsString());
  EXPECT_EQ(inbox.Take(data, type).error_code(), grpc::StatusCode::INTERNAL);
}

TEST(Inbox, LongMessagesAreCutUnlessWanted) {
  HelloRequest request;
  request.set_name(std::string(10'000, 'x'));
  Inbox inbox(true);
  inbox.Note(request);
  EXPECT_EQ(inbox.Report(false)[0].head().size(), 4096U);
  EXPECT_EQ(inbox.Report(true)[0].head().size(), 10'003U);
}

TEST(Inbox, WholeMessagesShareAnAllowance) {
  HelloRequest request;
  request.set_name(std::string(3 * 1024 * 1024, 'x'));
  Inbox inbox(true);
  inbox.Note(request);
  inbox.Note(request);
  const auto seen = inbox.Report(true);
  EXPECT_GT(seen[0].head().size(), 3'000'000U);
  EXPECT_EQ(seen[1].head().size(), 4096U);
}

TEST(Inbox, OnlyTheFirstThousandAreReported) {
  Inbox inbox(false);
  for (int count = 0; count < 1'005; ++count) inbox.Note(HelloRequest());
  EXPECT_EQ(inbox.Report(false).size(), 1'000);
  EXPECT_EQ(inbox.Count(), 1'005U);
}

}  // namespace
}  // namespace wirecheck::peer
