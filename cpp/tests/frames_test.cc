#include "wirecheck_peer/frames.h"

#include <gtest/gtest.h>

#include "tests/driver.h"
#include "wirecheck_peer/errors.h"

namespace wirecheck::peer {
namespace {

std::string StartFrame() {
  pb::ToPeer order;
  order.mutable_start()->set_contract_version(1);
  order.mutable_start()->set_role(pb::ROLE_CLIENT);
  return FrameOf(order);
}

std::vector<pb::ToPeer> Feed(FrameParser& parser, std::string_view data) {
  std::vector<pb::ToPeer> orders;
  parser.Feed(data, orders);
  return orders;
}

TEST(Frames, AnEventBeginsWithItsLengthAndTheMagicNumber) {
  pb::FromPeer event;
  event.mutable_opened()->set_channel(5);
  EXPECT_EQ(Encode(event), std::string("\x09\x0D\x31\x4B\x43\x57\x32\x02\x08\x05", 10));
}

TEST(Frames, AnOrderIsFoundHoweverItsBytesAreSplit) {
  FrameParser parser;
  const std::string frame = StartFrame();
  for (std::size_t index = 0; index + 1 < frame.size(); ++index) {
    EXPECT_TRUE(Feed(parser, frame.substr(index, 1)).empty());
    EXPECT_TRUE(parser.HalfRead());
  }
  const auto orders = Feed(parser, frame.substr(frame.size() - 1));
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(orders[0].start().role(), pb::ROLE_CLIENT);
  EXPECT_FALSE(parser.HalfRead());
}

TEST(Frames, SeveralOrdersComeOutOfOneRead) {
  FrameParser parser;
  const auto orders = Feed(parser, StartFrame() + StartFrame() + StartFrame().substr(0, 3));
  EXPECT_EQ(orders.size(), 2U);
  EXPECT_TRUE(parser.HalfRead());
}

TEST(Frames, TextIsFoundAtItsFirstBytes) {
  FrameParser parser;
  EXPECT_THROW(Feed(parser, "Hello"), BrokenContract);
}

TEST(Frames, OrdersBeforeWhatIsBrokenAreStillGiven) {
  FrameParser parser;
  std::vector<pb::ToPeer> orders;
  EXPECT_THROW(parser.Feed(StartFrame() + "Hello", orders), BrokenContract);
  EXPECT_EQ(orders.size(), 1U);
}

TEST(Frames, ALengthBeyondTheLimitIsRefusedBeforeItsEnvelope) {
  FrameParser parser;
  EXPECT_THROW(Feed(parser, std::string("\x81\x80\x80\x04", 4)), BrokenContract);  // 8 MiB and 1.
  FrameParser another;
  EXPECT_THROW(Feed(another, std::string("\xFF\xFF\xFF\xFF\xFF", 5)), BrokenContract);
}

TEST(Frames, TheLongestLengthIsAllowed) {
  FrameParser parser;
  EXPECT_TRUE(Feed(parser, std::string("\x80\x80\x80\x04\x0D", 5)).empty());
}

TEST(Frames, AnEnvelopeWithoutRoomForTheMagicNumberIsRefused) {
  FrameParser parser;
  EXPECT_THROW(Feed(parser, std::string(1, '\0')), BrokenContract);
}

TEST(Frames, AnEnvelopeThatCannotBeDecodedIsRefused) {
  FrameParser parser;
  EXPECT_THROW(Feed(parser, "\x06\x0D\x31\x4B\x43\x57\xFF"), BrokenContract);
}

}  // namespace
}  // namespace wirecheck::peer
