//! A block of Markdown for an issue in a peer's own repository.

use wirecheck_core::model::run::{Cell, FindingOf, Run};

use super::Material;
use super::failure::evidence;
use super::peers;
use super::reproduce;
use super::text;

/// The most columns of the title.
const MOST_TITLE: usize = 120;

/// A cell as an issue: title, both peers with their versions, who is at fault,
/// the bytes or values, and how to see it again. `attempt` counts from 0.
pub fn issue_block(run: &Run, cell: &Cell, attempt: usize, material: Material<'_>) -> String {
    let found = cell.attempts.get(attempt).and_then(|attempt| {
        let mut findings = attempt.findings.iter();
        let required = findings.clone().find(|finding| finding.level == "MUST");
        Some((attempt, required.or_else(|| findings.next())?))
    });
    let mut out = title(cell, found.map(|(_, finding)| finding));
    out.push_str(&peers_table(run, cell));
    if let Some((attempt, finding)) = found {
        out.push_str(&culprit(cell, finding));
        out.push_str(&section(finding));
        let told = evidence(run, cell, attempt, finding, material);
        out.push_str(&fenced("What was expected and what came:", &told));
    }
    out.push_str(&reproduce(run, cell));
    out
}

fn title(cell: &Cell, finding: Option<&FindingOf>) -> String {
    let what = match (finding, &cell.reason) {
        (Some(finding), _) => finding.sentence.as_str(),
        (None, Some(reason)) => reason.sentence.as_str(),
        (None, None) => cell.outcome.as_str(),
    };
    let title = format!("{} -> {}: {what}", cell.client, cell.server);
    format!("### {}\n\n", markdown(&text::fit(&title, MOST_TITLE)))
}

fn peers_table(run: &Run, cell: &Cell) -> String {
    let row = |role: &str, name: &str| {
        let versions = peers::find(run, name, role).map(peers::versions);
        let versions = versions.filter(|versions| !versions.is_empty());
        let versions = versions.unwrap_or_else(|| "not known".into());
        format!(
            "| {role} | {} | {} |\n",
            markdown(name),
            markdown(&versions)
        )
    };
    format!(
        "| | peer | versions |\n|---|---|---|\n{}{}\n",
        row("client", &cell.client),
        row("server", &cell.server)
    )
}

fn culprit(cell: &Cell, finding: &FindingOf) -> String {
    let who = match finding.culprit.as_str() {
        "client" => format!("the client, {}", cell.client),
        "server" => format!("the server, {}", cell.server),
        "" => "undetermined".into(),
        other => other.to_owned(),
    };
    format!(
        "At fault: {} ({}, `{}`)\n\n",
        markdown(&who),
        finding.level,
        finding.code
    )
}

fn section(finding: &FindingOf) -> String {
    let Some(section) = &finding.section else {
        return String::new();
    };
    format!(
        "[{}]({}):\n\n> {}\n\n",
        markdown(&section.name),
        section.link,
        markdown(&section.quote)
    )
}

/// Text in a fence. Its lines are indented or begin with a word of ours, so
/// that none of them can close it.
fn fenced(title: &str, told: &str) -> String {
    let told = told.trim_matches('\n');
    if told.is_empty() {
        return String::new();
    }
    format!("{title}\n\n~~~~text\n{told}\n~~~~\n\n")
}

fn reproduce(run: &Run, cell: &Cell) -> String {
    let about = format!("{}/{}", cell.suite, cell.case);
    let case = run.cases.iter().find(|case| case.id == about);
    let about = case.map_or(String::new(), |case| {
        format!("{}\n\n", markdown(&case.about))
    });
    format!(
        "Found by {} on {} {}, case `{}/{}`. {about}~~~~sh\n{}\n{}\n~~~~\n",
        markdown(&run.tool),
        run.machine.os,
        run.machine.arch,
        cell.suite,
        cell.case,
        reproduce::command(run, "run", &cell.id),
        reproduce::command(run, "show", &cell.id)
    )
}

/// Text that Markdown takes as it is: nothing is a link, a tag or a mention.
fn markdown(text: &str) -> String {
    let mut out = String::new();
    for c in text::clean(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn one_changed_byte_as_an_issue() {
        let run = sample::changed_byte();
        let exchange = sample::exchange("say-hello");
        let material = Material {
            exchange: Some(&exchange),
            schema: None,
        };
        insta::assert_snapshot!(issue_block(&run, &run.cells[0], 0, material));
    }

    #[test]
    fn a_peer_cannot_write_markdown() {
        let shown = markdown("<b>@all</b> [a](b) `c` | d\n# e");
        assert_eq!(shown, r"&lt;b>&#64;all&lt;/b> \[a\](b) \`c\` \| d\\n\# e");
    }
}
