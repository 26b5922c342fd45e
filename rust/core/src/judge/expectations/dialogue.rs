//! Whether the dialogue of a scripted peer came to its end.

use super::{broken, with_texts};
use crate::judge::check::Check;
use crate::judge::finding::Culprit;
use crate::judge::observed::{DialogueSeen, Observation, Stopped, WhyStopped};
use crate::plan::case::Party;
use crate::plan::types::CasePlan;

const CODE: &str = "expect/dialogue";

pub fn check(case: &CasePlan, seen: &Observation) -> Option<Check> {
    let dialogue = case.dialogue.as_ref()?;
    let culprit = match dialogue.against {
        Party::Client => Culprit::Client,
        Party::Server => Culprit::Server,
    };
    Some(match seen.dialogue.as_ref()? {
        DialogueSeen::Through => Check::met("dialogue"),
        DialogueSeen::NoConnection => {
            let sentence = match dialogue.against {
                Party::Client => "the client did not connect",
                Party::Server => "the server did not accept a connection",
            };
            Check::broken(
                "dialogue",
                broken(CODE, "dialogue", culprit, sentence.into()),
            )
        }
        DialogueSeen::Stopped(stopped) => at_line(stopped, culprit),
    })
}

fn at_line(stopped: &Stopped, culprit: Culprit) -> Check {
    let path = format!("dialogue.{}", stopped.number);
    let line = format!("line {} of the dialogue ({})", stopped.number, stopped.at);
    let finding = match &stopped.why {
        WhyStopped::NotCome => {
            // What came differs between runs: it is told, and not compared.
            let sentence = format!(
                "{line} waited for {}, and it did not come, but {}",
                stopped.what, stopped.came
            );
            let finding = broken(CODE, &path, culprit, sentence);
            with_texts(finding, &stopped.what, absent(&stopped.what))
        }
        WhyStopped::CannotSay(why) => {
            let sentence = format!("{line} could not be said: {why}");
            broken(CODE, &path, Culprit::Case, sentence)
        }
    };
    Check::broken(path, finding)
}

/// `no RST_STREAM`, `no frame`, `no end of the connection`.
fn absent(what: &str) -> String {
    let articles = ["a ", "the "];
    let bare = articles.iter().find_map(|word| what.strip_prefix(word));
    format!("no {}", bare.unwrap_or(what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::check::State;

    fn stopped(why: WhyStopped) -> String {
        let stopped = Stopped {
            number: "4.2".into(),
            at: "edge.yaml:9".into(),
            what: "RST_STREAM on stream 1".into(),
            why,
            came: "SETTINGS, the peer closed the connection".into(),
        };
        let State::Broken(finding) = at_line(&stopped, Culprit::Client).state else {
            panic!("it did not come");
        };
        let text = |evidence: Option<crate::judge::finding::Evidence>| {
            evidence.map(|evidence| evidence.text).unwrap_or_default()
        };
        format!(
            "{:?}: {}\nexpected {}\ngot {}",
            finding.culprit,
            finding.sentence,
            text(finding.expected),
            text(finding.got)
        )
    }

    #[test]
    fn a_frame_that_did_not_come_is_told_with_what_came() {
        insta::assert_snapshot!(stopped(WhyStopped::NotCome), @r"
        Client: line 4.2 of the dialogue (edge.yaml:9) waited for RST_STREAM on stream 1, and it did not come, but SETTINGS, the peer closed the connection
        expected RST_STREAM on stream 1
        got no RST_STREAM on stream 1
        ");
    }

    #[test]
    fn what_did_not_come_is_named_without_an_article() {
        assert_eq!(absent("a frame on stream 1"), "no frame on stream 1");
        assert_eq!(
            absent("the end of the connection"),
            "no end of the connection"
        );
        assert_eq!(absent("GOAWAY"), "no GOAWAY");
    }

    #[test]
    fn a_line_that_could_not_be_said_is_the_cases_fault() {
        let why = WhyStopped::CannotSay("there was no PING to answer".into());
        let told = stopped(why);
        assert!(
            told.starts_with(
                "Case: line 4.2 of the dialogue (edge.yaml:9) could not be said: \
                 there was no PING to answer\n"
            ),
            "{told}"
        );
    }
}
