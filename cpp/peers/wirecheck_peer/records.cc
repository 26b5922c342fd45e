#include "wirecheck_peer/records.h"

#include "wirecheck_peer/errors.h"
#include "wirecheck_peer/frames.h"
#include "wirecheck_peer/session.h"

namespace wirecheck::peer {

namespace {

constexpr std::size_t kEnvelopeSize = 64;  // Bytes of an envelope that are not the report itself.

std::uint64_t Nanoseconds(Clock::duration duration) {
  const auto count = std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
}

}  // namespace

CallRecord::CallRecord(const pb::Call& order, EventSink& events)
    : call_(order.call()), whole_(order.whole()), inbox_(order.whole()), events_(events) {}

void CallRecord::Begin() {
  const std::lock_guard lock(mutex_);
  began_at_ = Clock::now();
}

void CallRecord::End() {
  const std::lock_guard lock(mutex_);
  if (!ended_at_) ended_at_ = Clock::now();
}

void CallRecord::Abort() {
  const std::lock_guard lock(mutex_);
  aborted_ = true;
}

void CallRecord::StandsAtSend(int number) {
  const std::lock_guard lock(mutex_);
  stood_at_send_ = number;
}

void CallRecord::StandsAtReceive(int number) {
  const std::lock_guard lock(mutex_);
  stood_at_receive_ = number;
}

void CallRecord::Reached(const pb::Step& step) {
  const std::lock_guard lock(mutex_);
  if (step.name().empty() || reported_) return;
  pb::FromPeer event;
  event.mutable_reached()->set_call(call_);
  event.mutable_reached()->set_step(step.name());
  events_.Send(std::move(event));
}

void CallRecord::Report(const Outcome& outcome) {
  End();
  const std::lock_guard lock(mutex_);
  pb::FromPeer event;
  event.mutable_report()->set_call(call_);
  pb::Result& result = *event.mutable_report()->mutable_result();
  result.set_status(static_cast<std::uint32_t>(outcome.status.error_code()));
  // Other libraries' messages need not be what a string of protobuf may hold.
  result.set_message(ValidUtf8(outcome.status.error_message()));
  result.set_details(outcome.status.error_details());
  *result.mutable_leading() = outcome.leading;
  *result.mutable_trailing() = outcome.trailing;
  *result.mutable_messages() = inbox_.Report(whole_);
  result.set_message_count(inbox_.Count());
  result.set_stood_at_send(static_cast<std::uint32_t>(stood_at_send_));
  result.set_stood_at_receive(static_cast<std::uint32_t>(stood_at_receive_));
  result.set_aborted(aborted_);
  result.set_duration_ns(Duration());
  SendReport(std::move(event));
}

void CallRecord::NeverBegan() { Report({grpc::Status(grpc::StatusCode::CANCELLED, ""), {}, {}}); }

void CallRecord::CouldNotTry(const std::string& why) {
  const std::lock_guard lock(mutex_);
  reported_ = true;
  events_.Send(ReportRefusal(call_, peer::CouldNotTry(why)));
}

std::uint64_t CallRecord::Duration() const {
  return began_at_ ? Nanoseconds(*ended_at_ - *began_at_) : 0;
}

void CallRecord::SendReport(pb::FromPeer event) {
  reported_ = true;
  const std::size_t size = event.report().ByteSizeLong();
  if (size + kEnvelopeSize > kMaxEnvelope) {
    event = ReportRefusal(call_, peer::CouldNotTry("the report has " + std::to_string(size) +
                                                   " bytes, more than an envelope holds"));
  }
  events_.Send(std::move(event));
}

HandlerRecord::HandlerRecord(std::uint64_t listener, std::string method, bool streams_requests,
                             bool whole)
    : listener_(listener),
      method_(std::move(method)),
      inbox_(whole),
      // A handler with one request has had all of it before it was entered.
      request_end_(streams_requests ? pb::REQUEST_END_UNREAD : pb::REQUEST_END_HALF_CLOSED) {}

void HandlerRecord::SetDetail(const std::string& detail) {
  const std::lock_guard lock(mutex_);
  detail_ = Cut(detail, kMaxWhy);
}

void HandlerRecord::SetRequestEnd(pb::RequestEnd end) {
  const std::lock_guard lock(mutex_);
  request_end_ = end;
}

pb::FromPeer HandlerRecord::Began(const ReceivedMetadata& metadata) {
  entered_at_ = Clock::now();
  pb::FromPeer event;
  pb::Began& began = *event.mutable_began();
  began.set_listener(listener_);
  began.set_number(number_);
  began.set_method(method_);
  *began.mutable_metadata() = FromReceived(metadata);
  return event;
}

pb::FromPeer HandlerRecord::Reached(const pb::Step& step) const {
  pb::FromPeer event;
  pb::HandlerId& handler = *event.mutable_reached()->mutable_handler();
  handler.set_listener(listener_);
  handler.set_number(number_);
  event.mutable_reached()->set_step(step.name());
  return event;
}

pb::FromPeer HandlerRecord::Handled(pb::CallEnd call_end) {
  const std::lock_guard lock(mutex_);
  pb::FromPeer event;
  pb::Handled& handled = *event.mutable_handled();
  handled.set_listener(listener_);
  handled.set_number(number_);
  handled.set_method(method_);
  *handled.mutable_messages() = inbox_.Report(whole_);
  handled.set_message_count(inbox_.Count());
  handled.set_request_end(request_end_);
  handled.set_call_end(call_end);
  handled.set_detail(detail_);
  handled.set_duration_ns(Nanoseconds(Clock::now() - entered_at_));
  return event;
}

std::optional<int> Register::Enter(const std::shared_ptr<HandlerRecord>& record,
                                   const ReceivedMetadata& metadata,
                                   std::function<void()> abort) {
  const std::lock_guard lock(mutex_);
  if (closed_) return std::nullopt;
  record->set_number(++count_);
  const int earlier = method_counts_[record->method()]++;
  running_.emplace(record->number(), Entry{record, std::move(abort)});
  events_.Send(record->Began(metadata));
  return earlier;
}

void Register::Reached(const HandlerRecord& record, const pb::Step& step) {
  const std::lock_guard lock(mutex_);
  if (step.name().empty() || running_.count(record.number()) == 0) return;
  events_.Send(record.Reached(step));
}

void Register::Leave(HandlerRecord& record, pb::CallEnd call_end) {
  const std::lock_guard lock(mutex_);
  if (running_.erase(record.number()) == 0) return;
  events_.Send(record.Handled(call_end));
  if (running_.empty()) idle_.notify_all();
}

void Register::AbortAll() {
  const std::lock_guard lock(mutex_);
  for (const auto& [number, entry] : running_) entry.abort();
}

void Register::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

bool Register::AwaitIdle(Clock::time_point limit) {
  std::unique_lock lock(mutex_);
  return idle_.wait_until(lock, limit, [this] { return running_.empty(); });
}

std::uint32_t Register::GiveUp() {
  const std::lock_guard lock(mutex_);
  const auto left = static_cast<std::uint32_t>(running_.size());
  for (const auto& [number, entry] : running_) {
    events_.Send(entry.record->Handled(pb::CALL_END_RUNNING));
  }
  running_.clear();
  return left;
}

}  // namespace wirecheck::peer
