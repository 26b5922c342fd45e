//! The cases that there are, and the peers.

use std::collections::BTreeMap;

use wirecheck_core::model::run::Peer;
use wirecheck_core::plan::types::CasePlan;

use super::peers as versions_of;
use super::style::{Line, Page, Paint, Style};
use super::table::Table;
use super::text;

/// The most columns of a case's name before what it is about moves down.
const WIDEST_NAME: usize = 34;

/// Every suite with its cases and what each is about.
pub fn list(cases: &[CasePlan], style: Style) -> String {
    let mut page = Page::new(style);
    let widest = cases.iter().map(|case| text::width(&case.name)).max();
    let column = 2 + widest.unwrap_or(0).min(WIDEST_NAME) + 2;
    let mut suite = None;
    for case in cases {
        if suite != Some(&case.suite) {
            if suite.is_some() {
                page.blank();
            }
            let of_suite = cases
                .iter()
                .filter(|other| other.suite == case.suite)
                .count();
            let title = Line::default().paint(Paint::Strong, &case.suite);
            page.line(title.text(format!(": {}", text::count(of_suite, "case"))));
            suite = Some(&case.suite);
        }
        put_case(&mut page, case, column);
    }
    page.blank();
    page.line(Line::new(
        "wirecheck explain CASE tells what a case sends and what must be seen",
    ));
    page.finish()
}

fn put_case(page: &mut Page, case: &CasePlan, column: usize) {
    let mut name = Line::indent(2).text(&case.name);
    if name.width() + 1 > column {
        page.line(name);
        name = Line::default();
    }
    let samples = match case.repeat {
        0 | 1 => String::new(),
        several => format!(" ({several} samples)"),
    };
    page.entry(name, column, &format!("{}{samples}", case.about));
}

/// Every peer: where it comes from, its roles with its versions and features,
/// and why it does not run, if it does not.
pub fn peers(peers: &[Peer], style: Style) -> String {
    let mut page = Page::new(style);
    let mut table = Table::default();
    table.row(["PEER", "ROLE", "FROM", "VERSIONS"].map(title).to_vec());
    for peer in peers {
        table.row(row(peer));
    }
    table.put(&mut page, 0, 2);
    put_features(&mut page, peers);
    put_errors(&mut page, peers);
    page.finish()
}

fn title(text: &str) -> Line {
    Line::default().paint(Paint::Strong, text)
}

fn row(peer: &Peer) -> Vec<Line> {
    let state = match (peer.errors.is_empty(), peer.versions.is_empty()) {
        (false, _) => Line::default().paint(Paint::Bad, "does not run, see below"),
        (true, true) => Line::new("not said"),
        (true, false) => Line::new(versions_of::versions(peer)),
    };
    vec![
        Line::new(&peer.name),
        Line::new(&peer.role),
        Line::new(text::fit(&peer.source, 24)),
        state,
    ]
}

/// Features are long and mostly the same, so each set stands once.
fn put_features(page: &mut Page, peers: &[Peer]) {
    let mut sets: BTreeMap<Vec<&str>, Vec<String>> = BTreeMap::new();
    for peer in peers.iter().filter(|peer| peer.errors.is_empty()) {
        let mut features: Vec<&str> = peer.features.iter().map(String::as_str).collect();
        features.sort_unstable();
        let who = format!("{} ({})", peer.name, peer.role);
        sets.entry(features).or_default().push(who);
    }
    for (features, who) in sets {
        page.blank();
        page.entry(title("features"), 10, &who.join(", "));
        let features = match features.is_empty() {
            true => "none".to_owned(),
            false => features.join(", "),
        };
        page.entry(Line::default(), 10, &features);
    }
}

fn put_errors(page: &mut Page, peers: &[Peer]) {
    for peer in peers {
        for error in &peer.errors {
            page.blank();
            let who = format!("{} ({}): {}", peer.name, peer.role, error.sentence);
            page.entry(Line::default().paint(Paint::Bad, "E"), 2, &who);
            for line in &error.log_tail {
                page.line(
                    Line::indent(4).paint(Paint::Dim, text::fit(line, super::style::WIDTH - 4)),
                );
            }
            if let Some(hint) = &error.hint {
                page.entry(Line::new("  hint:"), 8, hint);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn cases_stand_under_their_suite() {
        insta::assert_snapshot!(list(&sample::cases(), Style::Plain));
    }

    #[test]
    fn peers_have_versions_and_features() {
        insta::assert_snapshot!(peers(&sample::peers_with_a_broken_one(), Style::Plain));
    }
}
