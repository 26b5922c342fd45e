#include "wirecheck_peer/records.h"

#include <thread>

#include <gtest/gtest.h>

#include "wirecheck_peer/frames.h"
#include "wirecheck_peer/latches.h"

namespace wirecheck::peer {
namespace {

// Keeps what is sent, for a look at it.
class Events : public EventSink {
 public:
  void Send(pb::FromPeer event) override { sent.push_back(std::move(event)); }
  std::vector<pb::FromPeer> sent;
};

std::shared_ptr<HandlerRecord> NewRecord(const std::string& method = "/A/B") {
  return std::make_shared<HandlerRecord>(1, method, /*streams_requests=*/true, /*whole=*/false);
}

TEST(Records, EntriesAreNumberedAndCountedByMethod) {
  Events events;
  Register entries(events);
  EXPECT_EQ(entries.Enter(NewRecord("/A/B"), {}, [] {}), 0);
  EXPECT_EQ(entries.Enter(NewRecord("/A/C"), {}, [] {}), 0);
  EXPECT_EQ(entries.Enter(NewRecord("/A/B"), {}, [] {}), 1);
  ASSERT_EQ(events.sent.size(), 3U);
  EXPECT_EQ(events.sent[2].began().number(), 3U);
}

TEST(Records, AHandlerLeavesOnce) {
  Events events;
  Register entries(events);
  const auto record = NewRecord();
  entries.Enter(record, {}, [] {});
  entries.Leave(*record, pb::CALL_END_RETURNED);
  entries.Leave(*record, pb::CALL_END_RETURNED);
  ASSERT_EQ(events.sent.size(), 2U);
  EXPECT_EQ(events.sent[1].handled().request_end(), pb::REQUEST_END_UNREAD);
}

TEST(Records, NobodyEntersAClosedListener) {
  Events events;
  Register entries(events);
  entries.Close();
  EXPECT_EQ(entries.Enter(NewRecord(), {}, [] {}), std::nullopt);
  EXPECT_TRUE(events.sent.empty());
}

TEST(Records, WhoCannotBeEndedIsReportedAsRunning) {
  Events events;
  Register entries(events);
  const auto record = NewRecord();
  entries.Enter(record, {}, [] {});
  EXPECT_FALSE(entries.AwaitIdle(Clock::now()));
  EXPECT_EQ(entries.GiveUp(), 1U);
  EXPECT_EQ(events.sent.back().handled().call_end(), pb::CALL_END_RUNNING);
  entries.Leave(*record, pb::CALL_END_RETURNED);
  EXPECT_EQ(events.sent.size(), 2U);
}

TEST(Records, EveryRunningCallIsAborted) {
  Events events;
  Register entries(events);
  int aborted = 0;
  entries.Enter(NewRecord(), {}, [&] { ++aborted; });
  entries.Enter(NewRecord(), {}, [&] { ++aborted; });
  entries.AbortAll();
  EXPECT_EQ(aborted, 2);
}

TEST(Records, AReportBeyondAnEnvelopeIsRefused) {
  Events events;
  CallRecord record({}, events);
  Outcome outcome;
  outcome.status = grpc::Status(grpc::StatusCode::INTERNAL, std::string(kMaxEnvelope, 'x'));
  record.Report(outcome);
  EXPECT_TRUE(events.sent[0].report().has_could_not_try());
}

TEST(Records, NothingIsReachedBehindTheReport) {
  Events events;
  CallRecord record({}, events);
  pb::Step step;
  step.set_name("s");
  record.Reached(step);
  record.NeverBegan();
  record.Reached(step);
  ASSERT_EQ(events.sent.size(), 2U);
  EXPECT_EQ(events.sent[1].report().result().status(), 1U);
}

TEST(Metadata, WhatIsNotUtf8IsLeftOut) {
  EXPECT_EQ(ValidUtf8("a\xff" "b\xe4\xb8\xad\xed\xa0\x80\xc0\xaf"), "ab\xe4\xb8\xad");
  EXPECT_EQ(ValidUtf8("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(Cut("\xe4\xb8\xad", 2), "");
}

TEST(Progress, AWaitEndsWithItsEventOrTheCall) {
  Progress progress;
  progress.Happen(StepDone("a"));
  EXPECT_TRUE(progress.Wait(StepDone("a")));
  std::thread ender([&] { progress.End(); });
  EXPECT_FALSE(progress.Wait(StepDone("b")));
  ender.join();
  EXPECT_TRUE(progress.Wait(StepDone("a")));
}

TEST(Latches, AReleaseIsKeptForThoseWhoComeLater) {
  Latches latches;
  latches.Release("scope", "early");
  const auto call = std::make_shared<Progress>();
  pb::Wait wait;
  wait.set_released("early");
  EXPECT_TRUE(WaitStep(wait, latches, "scope", call));
}

TEST(Latches, AReleaseWakesItsScopeOnly) {
  Latches latches;
  const auto call = std::make_shared<Progress>();
  latches.WhenReleased("mine", "x", call);
  latches.Release("other", "x");
  latches.Release("mine", "y");
  call->End();
  EXPECT_FALSE(call->Wait(Released("x")));
  latches.Release("mine", "x");
  EXPECT_TRUE(call->Wait(Released("x")));
}

}  // namespace
}  // namespace wirecheck::peer
