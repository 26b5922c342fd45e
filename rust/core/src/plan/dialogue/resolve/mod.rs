//! From a dialogue as it is written to one that can be played.

mod line;
pub(in crate::plan) mod number;
pub(in crate::plan) mod payload;

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::super::case::{Case, Party};
use super::super::load::Loaded;
use super::super::resolve::fault::{Fault, Resolved, each};
use super::super::schema::Schema;
use super::super::source::{Segment, did_you_mean};
use super::super::types::CallPlan;
use super::written::{self, Line};
use super::{Act, DialoguePlan, LinePlan};
use crate::judge::rules;

/// The most bytes that a dialogue sends on one connection: 1 GiB.
const MOST_BYTES: u64 = 1 << 30;
/// The most lines that are done on one connection, repeated ones each time.
const MOST_ACTS: u64 = 20_000_000;
/// How deep `repeat` may stand in `repeat`.
const DEEPEST: usize = 4;

/// The dialogue of a case that has one. `index` is the case's in its suite.
pub(in crate::plan) fn dialogue(
    case: &Case,
    calls: &[CallPlan],
    schema: &Schema,
    loaded: &Loaded,
    index: usize,
) -> Resolved<Option<DialoguePlan>> {
    let Some(against) = case.against else {
        return without(case);
    };
    if case.dialogue.is_empty() {
        return Err(
            Fault::new("a case that is `against` a role needs a `dialogue`").under("against"),
        );
    }
    if against == Party::Client && calls.is_empty() {
        return Err(Fault::new("a client needs calls that it is to make").under("against"));
    }
    // The other side is the script's: it has nothing to be told.
    let is_given = match against {
        Party::Client => (!case.server.listeners.is_empty()).then_some("server"),
        Party::Server => (!case.channels.is_empty()).then_some("channels"),
    };
    if let Some(key) = is_given {
        return Err(Fault::new("a scripted peer is in this place").under(key));
    }
    let place = vec!["cases".into(), index.into(), "dialogue".into()];
    let resolver = LineResolver::of(against, calls, schema, loaded, place);
    let lines = resolver.lines(&case.dialogue, "dialogue", &[], "")?;
    let work = work(&lines);
    if work.bytes > MOST_BYTES {
        return Err(Fault::new("a dialogue sends at most 1 GiB").under("dialogue"));
    }
    if work.acts > MOST_ACTS {
        let fault = Fault::new(format!("a dialogue does at most {MOST_ACTS} lines"));
        return Err(fault.under("dialogue"));
    }
    Ok(Some(DialoguePlan {
        against,
        lines,
        breaks: breaks(case)?,
    }))
}

fn without(case: &Case) -> Resolved<Option<DialoguePlan>> {
    let key = match (case.dialogue.is_empty(), &case.breaks) {
        (true, None) => return Ok(None),
        (false, _) => "dialogue",
        (true, Some(_)) => "breaks",
    };
    let fault = Fault::new(format!(
        "`{key}` needs `against`: whom does the script talk to?"
    ));
    Err(fault.under(key))
}

fn breaks(case: &Case) -> Resolved<Option<Vec<&'static str>>> {
    let known = || rules::all().iter().map(|rule| rule.id);
    let Some(written) = &case.breaks else {
        return Ok(None);
    };
    let ids = each(written, "breaks", |id| {
        rules::by_id(id).map(|rule| rule.id).ok_or_else(|| {
            Fault::new(format!("there is no rule `{id}`")).hint(did_you_mean(id, known()))
        })
    });
    ids.map(Some)
}

/// What is looked up while lines are resolved.
pub(in crate::plan) struct LineResolver<'a> {
    against: Party,
    calls: &'a [CallPlan],
    schema: &'a Schema,
    loaded: &'a Loaded,
    /// Where the dialogue stands in the file.
    place: Vec<Segment>,
    /// The paths that the script has asked for, by stream.
    paths: RefCell<BTreeMap<u32, String>>,
}

impl<'a> LineResolver<'a> {
    /// For lines that are said to this role. `place` is where they stand in the
    /// file.
    pub(in crate::plan) fn of(
        against: Party,
        calls: &'a [CallPlan],
        schema: &'a Schema,
        loaded: &'a Loaded,
        place: Vec<Segment>,
    ) -> Self {
        Self {
            against,
            calls,
            schema,
            loaded,
            place,
            paths: RefCell::default(),
        }
    }

    /// `above` leads from the dialogue to these lines.
    fn lines(
        &self,
        lines: &[Line],
        key: &str,
        above: &[Segment],
        number: &str,
    ) -> Resolved<Vec<LinePlan>> {
        let resolved = lines.iter().enumerate().map(|(index, line)| {
            let place = [above, &[index.into()]].concat();
            let number = format!("{number}{}", index + 1);
            let act = self
                .act(line, &place, &number)
                .map_err(|fault| fault.under(index).under(key))?;
            Ok(LinePlan {
                at: self.location(&place),
                number,
                act,
            })
        });
        resolved.collect()
    }

    fn location(&self, place: &[Segment]) -> super::super::source::Location {
        let range = self.loaded.tree.range(&[&self.place, place].concat());
        self.loaded.source.location(range.start)
    }

    fn repeat(&self, repeat: &written::Repeat, place: &[Segment], line: &str) -> Resolved<Act> {
        if place.len() > 3 * DEEPEST {
            return Err(Fault::new(format!(
                "`repeat` stands at most {DEEPEST} deep"
            )));
        }
        let times = repeat
            .n
            .as_ref()
            .ok_or_else(|| Fault::new("`repeat` needs `n`: how often?"))?;
        let times = number::number(times).map_err(|fault| fault.under("n"))?;
        if repeat.steps.is_empty() {
            return Err(Fault::new("`repeat` needs `steps`"));
        }
        let below = [place, &["repeat".into(), "steps".into()]].concat();
        Ok(Act::Repeat {
            times,
            next_stream: repeat.next_stream,
            lines: self.lines(&repeat.steps, "steps", &below, &format!("{line}."))?,
        })
    }
}

/// How much a dialogue does.
#[derive(Default)]
struct Work {
    bytes: u64,
    acts: u64,
}

fn work(lines: &[LinePlan]) -> Work {
    let mut all = Work::default();
    for line in lines {
        let (bytes, acts) = match &line.act {
            Act::Repeat { times, lines, .. } => {
                let once = work(lines);
                let times = u64::from(*times);
                (
                    once.bytes.saturating_mul(times),
                    once.acts.saturating_mul(times),
                )
            }
            Act::Data(data) => (data.payload.len(), 1),
            Act::Raw(payload) => (payload.len(), 1),
            Act::Frame { frame, .. } => (frame.payload.len() as u64, 1),
            Act::Headers { items, .. } => (block_size(items), 1),
            _ => (24, 1),
        };
        all.bytes = all.bytes.saturating_add(bytes);
        all.acts = all.acts.saturating_add(acts);
    }
    all
}

fn block_size(items: &[crate::wire::write::block::Item]) -> u64 {
    use crate::wire::write::block::Item;
    let sizes = items.iter().map(|item| match item {
        Item::Field(field) => field.name.len() + field.value.len(),
        Item::Raw(bytes) => bytes.len(),
        Item::Index(_) | Item::SizeUpdate(_) => 4,
    });
    sizes.sum::<usize>() as u64
}

#[cfg(test)]
mod tests;
