//! What both sides said: the client's reports and what handlers saw.

use wirecheck_core::model::run::{Attempt, ClientOf, HandledOf, MessageOf, MetadatumOf};

use super::entry;
use crate::report::matrix::more;
use crate::report::metadata::metadatum_value;
use crate::report::style::Page;
use crate::report::text;

/// The most reports of one kind that are shown.
const MOST: usize = 8;
/// The most bytes of a message that are written out.
const MOST_BYTES: usize = 32;

/// Puts all reports on a page.
pub fn put(page: &mut Page, attempt: &Attempt) {
    page.blank();
    let calls = attempt.calls.iter();
    let calls: Vec<(&String, &ClientOf)> = calls
        .flat_map(|(id, reports)| reports.iter().map(move |report| (id, report)))
        .collect();
    if calls.is_empty() {
        entry(page, "client", "reported nothing");
    }
    for (id, report) in calls.iter().take(MOST) {
        put_call(page, id, report);
    }
    if calls.len() > MOST {
        entry(page, "", &format!("{} reports", more(calls.len() - MOST)));
    }
    if attempt.handled.is_empty() {
        entry(page, "server", "entered no handler");
    }
    for handled in attempt.handled.iter().take(MOST) {
        put_handled(page, handled);
    }
    if attempt.handled.len() > MOST {
        entry(
            page,
            "",
            &format!("{} handlers", more(attempt.handled.len() - MOST)),
        );
    }
}

fn put_call(page: &mut Page, id: &str, report: &ClientOf) {
    if let Some(why) = &report.not_tried {
        entry(page, "client", &format!("call `{id}`: {why}"));
        return;
    }
    let message = match report.message.is_empty() {
        true => String::new(),
        false => format!(" \"{}\"", text::fit(&report.message, 200)),
    };
    let told = format!(
        "call `{id}`: {}{message}, {}, {} ms",
        report.status,
        text::count(report.message_count as usize, "message"),
        text::milliseconds(report.duration_ns)
    );
    entry(page, "client", &told);
    if !report.details.is_empty() {
        let details = text::unhex(&report.details);
        let head = text::hex(&details[..details.len().min(MOST_BYTES)]);
        entry(
            page,
            "",
            &format!("details {head}   ({})", text::count(details.len(), "byte")),
        );
    }
    let leading = if report.merged { "metadata" } else { "leading" };
    put_metadata(page, leading, &report.leading);
    put_metadata(page, "trailing", &report.trailing);
    put_messages(page, &report.messages, report.message_count);
}

fn put_handled(page: &mut Page, handled: &HandledOf) {
    let end = |end: &Option<String>| end.clone().unwrap_or_else(|| "not said".into());
    let detail = match handled.detail.is_empty() {
        true => String::new(),
        false => format!(" ({})", text::fit(&handled.detail, 200)),
    };
    let told = format!(
        "{}: {}, request {}, call {}{detail}",
        handled.method,
        text::count(handled.message_count as usize, "message"),
        end(&handled.request_end),
        end(&handled.call_end)
    );
    entry(page, "server", &told);
    put_metadata(page, "metadata", &handled.metadata);
    put_messages(page, &handled.messages, handled.message_count);
}

fn put_metadata(page: &mut Page, kind: &str, metadata: &[MetadatumOf]) {
    for datum in metadata.iter().take(MOST) {
        entry(
            page,
            "",
            &format!("{kind} {}: {}", datum.key, metadatum_value(datum)),
        );
    }
    if metadata.len() > MOST {
        entry(page, "", &more(metadata.len() - MOST));
    }
}

fn put_messages(page: &mut Page, messages: &[MessageOf], all: u64) {
    for (index, message) in messages.iter().take(MOST).enumerate() {
        entry(
            page,
            "",
            &format!("message #{}: {}", index + 1, told(message)),
        );
    }
    let left = (all as usize).saturating_sub(messages.len().min(MOST));
    if left > 0 {
        entry(page, "", &format!("{} messages", more(left)));
    }
}

fn told(message: &MessageOf) -> String {
    let bytes = text::unhex(&message.hex);
    let head = &bytes[..bytes.len().min(MOST_BYTES)];
    let cut = (head.len() as u64) < message.length;
    let length = text::count(message.length as usize, "byte");
    let told = match (head.is_empty(), cut) {
        (true, _) => length,
        (false, true) => format!("{}...   ({length})", text::hex(head)),
        (false, false) => format!("{}   ({length})", text::hex(head)),
    };
    match &message.codec_error {
        Some(error) => format!("{told}, the codec refused it: {}", text::fit(error, 200)),
        None => told,
    }
}
