//! What a case does and what must be seen, from the plan alone: no peer is
//! needed to read it.

mod dialogue;
mod expect;
mod steps;

use serde_json::Value;
use wirecheck_core::plan::case::{Api, Certificate, Keyword, Party};
use wirecheck_core::plan::faults::told as faults;
use wirecheck_core::plan::known::Known;
use wirecheck_core::plan::schema::Shape;
use wirecheck_core::plan::told;
use wirecheck_core::plan::types::{
    ActionPlan, CallPlan, CasePlan, ChannelPlan, ListenerPlan, Types,
};
use wirecheck_core::plan::variant::Variant;

use super::style::{Line, Page, Paint, Style};
use super::text;

/// Where what is named on the left begins.
const COLUMN: usize = 12;

/// Explains a case. `cells` are the ids of the whole plan, against which the
/// patterns of `known` are held.
pub fn explain(case: &CasePlan, cells: &[String], known: &[Known], style: Style) -> String {
    let mut page = Page::new(style);
    head(&mut page, case);
    // Where the script is, nothing is opened for the case.
    let is_real = |side| {
        case.dialogue
            .as_ref()
            .is_none_or(|talk| talk.against == side)
    };
    for listener in case.listeners.iter().filter(|_| is_real(Party::Server)) {
        put_listener(&mut page, listener);
    }
    for channel in case.channels.iter().filter(|_| is_real(Party::Client)) {
        put_channel(&mut page, case, channel);
    }
    for call in &case.calls {
        put_call(&mut page, case, call);
    }
    if let Some(talk) = &case.dialogue {
        dialogue::put(&mut page, talk);
    }
    put_faults(&mut page, case);
    put_actions(&mut page, case);
    expect::put(&mut page, case);
    put_known(&mut page, case, cells, known);
    page.blank();
    entry(&mut page, "run it", &format!("wirecheck run {}", case.id));
    page.finish()
}

fn head(page: &mut Page, case: &CasePlan) {
    page.line(Line::default().paint(Paint::Strong, &case.id));
    page.entry(Line::default(), 2, &case.about);
    page.blank();
    if let Some(section) = &case.section {
        let keyword = match case.keyword {
            Some(Keyword::Must) => "MUST, ",
            Some(Keyword::Should) => "SHOULD, ",
            Some(Keyword::May) => "MAY, ",
            None => "",
        };
        entry(page, "rule", &format!("{keyword}{section}"));
    }
    if !case.holds.is_empty() {
        entry(page, "holds", &case.holds.join(", "));
    }
    entry(page, "written in", &case.at.to_string());
    if !case.tags.is_empty() {
        entry(page, "tags", &case.tags.join(", "));
    }
    if !case.needs.is_empty() {
        entry(page, "needs", &case.needs.join(", "));
    }
    if case.variants != Variant::DEFAULT {
        let variants = case.variants.iter().map(|variant| variant.name());
        entry(page, "over", &variants.collect::<Vec<_>>().join(", "));
    }
    let mut limit = text::span(case.limit);
    if case.repeat > 1 {
        limit = format!("{limit} for each of {} samples", case.repeat);
    }
    entry(page, "limit", &limit);
}

fn put_listener(page: &mut Page, listener: &ListenerPlan) {
    page.blank();
    let mut what = vec![format!("listener `{}`", listener.name)];
    if !listener.services.is_empty() {
        what.push(format!("serves {}", listener.services.join(", ")));
    }
    what.extend(options(&listener.options));
    what.extend(shown("shows", listener.tls.certificate));
    what.extend(needed(&listener.needs));
    entry(page, "server", &what.join(", "));
    for script in &listener.scripts {
        entry(
            page,
            "script",
            &format!("{}, {}", script.path, types(&script.types)),
        );
        steps::put(page, "send", &script.send, &script.types.response);
        steps::put(page, "receive", &script.receive, &script.types.response);
    }
}

fn put_channel(page: &mut Page, case: &CasePlan, channel: &ChannelPlan) {
    let to = case
        .listeners
        .get(channel.listener)
        .map_or("?", |listener| listener.name.as_str());
    let mut what = vec![format!("channel `{}` to listener `{to}`", channel.name)];
    if channel.count > 1 {
        what.push(format!("{} of them in turn", channel.count));
    }
    what.extend(options(&channel.options));
    if channel.tls.trusts_other_authority {
        what.push("trusts another authority".into());
    }
    what.extend(shown("shows", channel.tls.certificate));
    what.extend(needed(&channel.needs));
    entry(page, "client", &what.join(", "));
}

/// The certificate that a side shows over TLS, if it is not a good one.
fn shown(shows: &str, certificate: Certificate) -> Option<String> {
    let which = match certificate {
        Certificate::Good => return None,
        Certificate::Expired => "an expired certificate",
        Certificate::OtherName => "a certificate for another name",
        Certificate::OtherAuthority => "a certificate of another authority",
        Certificate::None => "no certificate",
    };
    Some(format!("{shows} {which}"))
}

/// Features that one side must have.
fn needed(needs: &[String]) -> Option<String> {
    (!needs.is_empty()).then(|| format!("needs {}", needs.join(", ")))
}

/// Options that are set, by their names in the case.
fn options(options: &impl serde::Serialize) -> Vec<String> {
    let Ok(Value::Object(options)) = serde_json::to_value(options) else {
        return Vec::new();
    };
    let set = options.into_iter().filter(|(_, value)| !value.is_null());
    set.map(|(name, value)| format!("{name} {value}")).collect()
}

fn put_call(page: &mut Page, case: &CasePlan, call: &CallPlan) {
    page.blank();
    let mut what = vec![format!("`{}` {}", call.id, call.path), types(&call.types)];
    if let Some(channel) = case
        .channels
        .get(call.channel)
        .filter(|_| case.channels.len() > 1)
    {
        what.push(format!("on channel `{}`", channel.name));
    }
    if call.api == Api::Stream {
        what.push("through the streaming interface".into());
    }
    what.extend(
        call.bearer_token
            .iter()
            .map(|_| "with a bearer token of its credentials".into()),
    );
    what.extend(
        call.timeout
            .map(|timeout| format!("deadline {}", text::span(timeout))),
    );
    if call.count > 1 {
        let how = if call.in_turn {
            "times in turn"
        } else {
            "at once"
        };
        what.push(format!("{} {how}", text::number(call.count.into())));
    }
    if let Some(event) = &call.start_after {
        what.push(format!("begun when {}", told::event(case, event)));
    }
    entry(page, "call", &what.join(", "));
    steps::put_metadata(page, "metadata", &call.metadata);
    steps::put(page, "send", &call.send, &call.types.request);
    steps::put(page, "receive", &call.receive, &call.types.request);
}

fn types(types: &Types) -> String {
    let shape = match types.shape {
        Shape::Unary => "unary",
        Shape::ClientStreaming => "client streaming",
        Shape::ServerStreaming => "server streaming",
        Shape::Bidirectional => "bidirectional",
    };
    format!(
        "{shape}, {} -> {}",
        types.request.full_name(),
        types.response.full_name()
    )
}

fn put_actions(page: &mut Page, case: &CasePlan) {
    if case.actions.is_empty() {
        return;
    }
    page.blank();
    let mut label = "harness";
    for (index, action) in case.actions.iter().enumerate() {
        entry(
            page,
            label,
            &format!("{}. {}", index + 1, does(case, action)),
        );
        label = "";
    }
}

fn does(case: &CasePlan, action: &ActionPlan) -> String {
    match action {
        ActionPlan::Wait(event) => format!("wait until {}", told::event(case, event)),
        ActionPlan::Release(name) => format!("release `{name}`"),
        ActionPlan::Hold(side, from) => {
            format!(
                "hold what the {} sends, from {} on",
                told::sender(*side),
                told::frame(from)
            )
        }
        ActionPlan::Pass(side) => format!("let pass what the {} sent", told::sender(*side)),
    }
}

/// What is wrong with the line, under the number that findings give.
fn put_faults(page: &mut Page, case: &CasePlan) {
    let plan = &case.faults;
    if plan.is_empty() {
        return;
    }
    page.blank();
    entry(page, "faults", "what the line does between the two");
    if plan.refuse > 0 {
        entry(page, "  refuse", &faults::refused(plan.refuse));
    }
    for fault in &plan.faults {
        let if_there = if fault.if_there { ", if it comes" } else { "" };
        let told = format!("{}{if_there}", faults::one(fault));
        entry(page, &format!("  {}", fault.number), &told);
    }
}

fn put_known(page: &mut Page, case: &CasePlan, cells: &[String], known: &[Known]) {
    let end = format!("/{}", case.id);
    let its_cells: Vec<&String> = cells.iter().filter(|id| id.ends_with(&end)).collect();
    for entry_of in known {
        let shown = its_cells
            .iter()
            .filter(|id| entry_of.cells.matches(id))
            .count();
        if shown == 0 {
            continue;
        }
        page.blank();
        let rate = entry_of
            .rate
            .map_or(String::new(), |rate| format!(", {rate} samples"));
        let what = format!(
            "{} in {}{rate}: {}",
            entry_of.finding,
            text::count(shown, "cell"),
            entry_of.reason
        );
        entry(page, "known", &what);
        entry(
            page,
            "",
            &format!("{}   (since {})", entry_of.at, entry_of.since),
        );
        if let Some(link) = &entry_of.link {
            entry(page, "", link);
        }
    }
}

fn entry(page: &mut Page, label: &str, text: &str) {
    page.entry(Line::default().paint(Paint::Dim, label), COLUMN, text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn explained(name: &str) -> String {
        let cases = sample::cases();
        let case = cases
            .iter()
            .find(|case| case.name == name)
            .expect("a sample case");
        explain(case, &sample::ids(), &sample::known(), Style::Plain)
    }

    #[test]
    fn a_call_with_bytes() {
        insta::assert_snapshot!(explained("say-hello"));
    }

    #[test]
    fn scripts_actions_and_frames() {
        insta::assert_snapshot!(explained("deadline"));
    }

    #[test]
    fn what_is_large_is_told_by_its_size() {
        insta::assert_snapshot!(explained("large"));
    }
}
