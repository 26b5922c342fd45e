//! The dialogue of a scripted peer, drawn as a sequence.

use wirecheck_core::plan::case::Party;
use wirecheck_core::plan::dialogue::{Act, DialoguePlan, LinePlan, told};

use super::entry;
use crate::report::style::{Line, Page, Paint};

/// What the script says goes right to left where it is the server.
const TO_SERVER: &str = "-------->";
const TO_CLIENT: &str = "<--------";
/// Nothing passes.
const NOBODY: &str = "         ";

/// Where the text of a line begins: behind its number and its arrow.
const COLUMN: usize = 21;

/// Puts a dialogue on a page: the client on the left, the server on the right,
/// an arrow for what passes between them.
pub fn put(page: &mut Page, dialogue: &DialoguePlan) {
    page.blank();
    let (client, server) = match dialogue.against {
        Party::Client => ("the client", "the script"),
        Party::Server => ("the script", "the server"),
    };
    entry(
        page,
        "dialogue",
        &format!("{client} on the left, {server} on the right; `...` is waited for"),
    );
    put_lines(page, dialogue, &dialogue.lines);
    if let Some(rules) = &dialogue.breaks {
        let what = match rules.is_empty() {
            true => "no rule".into(),
            false => rules.join(", "),
        };
        entry(page, "breaks", &what);
    }
}

fn put_lines(page: &mut Page, dialogue: &DialoguePlan, lines: &[LinePlan]) {
    for line in lines {
        let (arrow, text) = drawn(dialogue, &line.act);
        let label = Line::indent(2)
            .paint(Paint::Dim, format!("{:<8}", line.number))
            .paint(Paint::Dim, arrow);
        page.entry(label, COLUMN, &text);
        if let Act::Repeat { lines, .. } = &line.act {
            put_lines(page, dialogue, lines);
        }
    }
}

fn drawn(dialogue: &DialoguePlan, act: &Act) -> (&'static str, String) {
    let (from_script, from_peer) = match dialogue.against {
        Party::Client => (TO_CLIENT, TO_SERVER),
        Party::Server => (TO_SERVER, TO_CLIENT),
    };
    let what = told::act(act);
    match act {
        Act::Await(_) | Act::AwaitClose | Act::NextConnection => (from_peer, format!("... {what}")),
        Act::Pause(_) | Act::Repeat { .. } | Act::StopReading | Act::ReadOn => (NOBODY, what),
        _ => (from_script, what),
    }
}

#[cfg(test)]
mod tests {
    use wirecheck_core::plan::dialogue::{AwaitPlan, StreamPlan};
    use wirecheck_core::plan::source::Location;
    use wirecheck_core::wire::write::frame::{Frame, RST_STREAM};

    use super::*;
    use crate::report::style::Style;

    fn line(number: &str, act: Act) -> LinePlan {
        LinePlan {
            number: number.into(),
            at: Location {
                file: "edge.yaml".into(),
                line: 1,
                column: 1,
            },
            act,
        }
    }

    fn lines() -> Vec<LinePlan> {
        let awaited = AwaitPlan {
            kind: Some(1),
            stream: Some(StreamPlan::Call(1)),
            flags: 0,
            ends_stream: None,
            error: None,
            nth: 1,
            optional: false,
        };
        let reset = Act::Frame {
            stream: StreamPlan::Call(1),
            frame: Frame::new(RST_STREAM, 0, 0, 8u32.to_be_bytes()),
        };
        let repeat = Act::Repeat {
            times: 3,
            next_stream: true,
            lines: vec![line("2.1", Act::Await(awaited)), line("2.2", reset)],
        };
        vec![
            line("1", Act::Preface),
            line("2", repeat),
            line("3", Act::StopReading),
            line("4", Act::AwaitClose),
            line("5", Act::NextConnection),
        ]
    }

    fn shown(against: Party) -> String {
        let mut page = Page::new(Style::Plain);
        let dialogue = DialoguePlan {
            against,
            lines: lines(),
            breaks: Some(vec!["status/present"]),
        };
        put(&mut page, &dialogue);
        page.finish()
    }

    #[test]
    fn what_the_script_says_goes_to_the_peer_and_what_it_awaits_comes_from_it() {
        let drawn = |page: String| -> Vec<String> {
            let lines = page.lines().filter(|line| line.starts_with("  "));
            lines.map(str::to_owned).collect()
        };
        let to_client = [
            "  1       <--------  the client's preface",
            "  2                  3 times, each on the next stream",
            "  2.1     -------->  ... HEADERS on the stream of call 1",
            "  2.2     <--------  RST_STREAM on the stream of call 1 CANCEL",
            "  3                  stop reading",
            "  4       -------->  ... the end of the connection",
            "  5       -------->  ... the next connection",
        ];
        assert_eq!(drawn(shown(Party::Client)), to_client);
        let to_server = drawn(shown(Party::Server));
        assert_eq!(to_server[0], "  1       -------->  the client's preface");
    }
}
