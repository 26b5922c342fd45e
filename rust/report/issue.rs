//! A block of Markdown for an issue in a peer's own repository.

use wirecheck_core::model::run::{Cell, FindingOf, Run};

use super::Material;
use super::failure::evidence;
use super::markup::{fenced, markdown};
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
        out.push_str(&block("What was expected and what came:", &told));
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

/// What was seen, as it was seen.
fn block(title: &str, told: &str) -> String {
    match told.trim_matches('\n') {
        "" => String::new(),
        told => format!("{title}\n\n{}\n", fenced("text", told)),
    }
}

fn reproduce(run: &Run, cell: &Cell) -> String {
    let about = format!("{}/{}", cell.suite, cell.case);
    let case = run.cases.iter().find(|case| case.id == about);
    let about = case.map_or(String::new(), |case| {
        format!("{}\n\n", markdown(&case.about))
    });
    let commands = ["run", "show"].map(|verb| reproduce::command(run, verb, &cell.id));
    format!(
        "Found by {} on {} {}, case `{}/{}`. {about}{}",
        markdown(&run.tool),
        run.machine.os,
        run.machine.arch,
        cell.suite,
        cell.case,
        fenced("sh", &commands.join("\n"))
    )
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
}
