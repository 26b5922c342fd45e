//! The cases that there are, and the peers.

use wirecheck_core::model::run::Peer;
use wirecheck_core::plan::types::CasePlan;

use super::peers as versions_of;
use super::style::{Line, Page, Paint, Style, WIDTH};
use super::table::Table;
use super::text;
use super::trouble;

/// The most columns of a case's name before what it is about moves down.
const WIDEST_NAME: usize = 34;

/// The most columns of what a peer says of its versions.
const WIDEST_STATE: usize = 50;

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
            let title = Line::default().paint(Paint::Strong, &case.suite).text(":");
            let about = format!("{}. {}", text::count(of_suite, "case"), case.suite_about);
            let column = title.width() + 1;
            page.entry(title, column, &about);
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

/// Every peer: where it comes from, its versions, its features, and why it
/// does not run, if it does not. Roles that say the same share a row.
pub fn peers(peers: &[Peer], style: Style) -> String {
    let mut page = Page::new(style);
    let groups = grouped(peers, |a, b| a.name == b.name && row_of(a) == row_of(b));
    put_rows(&mut page, &groups);
    put_features(&mut page, peers);
    put_errors(&mut page, peers);
    page.finish()
}

/// Peers that were installed just now, and where.
pub fn installed(peers: &[Peer], folder: &str, style: Style) -> String {
    let mut page = Page::new(style);
    put_rows(
        &mut page,
        &grouped(peers, |a, b| a.name == b.name && row_of(a) == row_of(b)),
    );
    put_errors(&mut page, peers);
    page.blank();
    page.line(Line::new(format!("installed in {folder}")));
    page.finish()
}

fn title(text: &str) -> Line {
    Line::default().paint(Paint::Strong, text)
}

/// Peers in groups of those that are the same, each in the place of its first.
fn grouped(peers: &[Peer], same: impl Fn(&Peer, &Peer) -> bool) -> Vec<Vec<&Peer>> {
    let mut groups: Vec<Vec<&Peer>> = Vec::new();
    for peer in peers {
        match groups.iter_mut().find(|group| same(group[0], peer)) {
            Some(group) => group.push(peer),
            None => groups.push(vec![peer]),
        }
    }
    groups
}

/// What a row says of a peer, apart from its name and role.
fn row_of(peer: &Peer) -> (&str, String) {
    let state = match (&peer.absent, peer.errors.is_empty()) {
        (Some(absent), _) => format!("{}: {}", absent.reason, absent.mend),
        (None, false) => "does not run, see below".into(),
        (None, true) if peer.versions.is_empty() => "not said".into(),
        (None, true) => versions_of::versions(peer),
    };
    (&peer.source, state)
}

/// Versions come last and are wrapped: a peer may name many.
fn put_rows(page: &mut Page, groups: &[Vec<&Peer>]) {
    let mut table = Table::default();
    table.row(["PEER", "ROLE", "FROM", "VERSIONS"].map(title).to_vec());
    for same in groups {
        let roles: Vec<&str> = same.iter().map(|peer| peer.role.as_str()).collect();
        let (source, state) = row_of(same[0]);
        let paint = match (&same[0].absent, same[0].errors.is_empty()) {
            (Some(_), _) => Paint::Warn,
            (None, true) => Paint::Plain,
            (None, false) => Paint::Bad,
        };
        let begin = [
            same[0].name.as_str(),
            &roles.join(", "),
            &text::fit(source, 24),
        ];
        let mut begin = begin.map(Line::new).to_vec();
        for part in text::wrap(&state, WIDEST_STATE) {
            begin.resize_with(3, Line::default);
            begin.push(Line::default().paint(paint, part));
            table.row(std::mem::take(&mut begin));
        }
    }
    table.put(page, 0, 2);
}

/// Features are long and mostly the same, so each set stands once.
fn put_features(page: &mut Page, peers: &[Peer]) {
    let running: Vec<Peer> = peers
        .iter()
        .filter(|peer| peer.errors.is_empty() && peer.absent.is_none())
        .cloned()
        .collect();
    for same in grouped(&running, |a, b| {
        a.role == b.role && a.features == b.features
    }) {
        let names: Vec<&str> = same.iter().map(|peer| peer.name.as_str()).collect();
        let who = format!("as a {}: {}", same[0].role, names.join(", "));
        page.blank();
        page.entry(title("features"), 10, &who);
        let features = match same[0].features.is_empty() {
            true => "none".to_owned(),
            false => same[0].features.join(", "),
        };
        page.entry(Line::default(), 10, &features);
    }
}

fn put_errors(page: &mut Page, peers: &[Peer]) {
    for peer in peers {
        let errors = peer
            .errors
            .iter()
            .map(|error| (error, trouble::roles(peers, peer, error)));
        for (error, roles) in errors.filter(|(_, roles)| !roles.is_empty()) {
            page.blank();
            let who = format!(
                "{} ({}): {}",
                peer.name,
                roles.join(" and "),
                error.sentence
            );
            page.entry(Line::default().paint(Paint::Bad, "E"), 2, &who);
            for line in &error.log_tail {
                let line = text::fit(line, WIDTH - 4);
                page.line(Line::indent(4).paint(Paint::Dim, line));
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
