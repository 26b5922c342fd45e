//! From faults as they are written to what a line does.

use super::super::case::{Case, Number, Party};
use super::super::dialogue::StreamPlan;
use super::super::dialogue::resolve::LineResolver;
use super::super::dialogue::resolve::number::{flags, kind, number, optional, setting, stream};
use super::super::dialogue::resolve::payload::named;
use super::super::dialogue::written::Field;
use super::super::load::Loaded;
use super::super::resolve::fault::{Fault, Resolved};
use super::super::resolve::text::{exactly_one, hex, optional_span};
use super::super::schema::Schema;
use super::super::types::CallPlan;
use super::insert::inserted;
use super::written::{self, Which};
use super::{FaultPlan, FaultsPlan};
use crate::wire::capture::Direction;
use crate::wire::frame::{DATA, HEADERS, SETTINGS};
use crate::wire::relay::{
    self, Edit, FieldEdit, FrameAct, FrameMatch, Inserted, Line, OctetAct, OctetEdit,
};

/// The most streams of a client that are told apart by their order.
const MOST_CALLS: u32 = 10_000;
/// The most faults of a case.
const MOST: usize = 1_000;

/// The faults of a case. `index` is the case's in its suite.
pub(in crate::plan) fn faults(
    case: &Case,
    calls: &[CallPlan],
    schema: &Schema,
    loaded: &Loaded,
    index: usize,
) -> Resolved<FaultsPlan> {
    if case.faults.is_empty() {
        return Ok(FaultsPlan::default());
    }
    if case.against.is_some() {
        let fault = Fault::new("faults are put between two peers, and here one is a script");
        let how = "the `dialogue` can say by itself whatever is wrong";
        return Err(fault.hint(Some(how.into())).under("faults"));
    }
    if case.faults.len() > MOST {
        return Err(Fault::new(format!("a case has at most {MOST} faults")).under("faults"));
    }
    let mut plan = FaultsPlan::default();
    for (at, written) in case.faults.iter().enumerate() {
        let place = ["cases".into(), index.into(), "faults".into(), at.into()];
        let resolver = |from: Party| {
            let above = [&place[..], &["insert".into()]].concat();
            LineResolver::of(other(from), calls, schema, loaded, above)
        };
        let location = loaded.source.location(loaded.tree.range(&place).start);
        match one(written, resolver).map_err(|fault| fault.under(at).under("faults"))? {
            What::Refuse(_) if plan.refuse > 0 => {
                let fault = Fault::new("connections are refused once, from the first on");
                return Err(fault.under("refuse").under(at).under("faults"));
            }
            What::Refuse(count) => plan.refuse = count,
            What::Fault(fault) => plan.faults.push(FaultPlan {
                number: at + 1,
                at: location,
                fault,
                if_there: written.if_there,
            }),
        }
    }
    Ok(plan)
}

/// The role that gets what the other sends: whose script says the inserted.
fn other(from: Party) -> Party {
    match from {
        Party::Client => Party::Server,
        Party::Server => Party::Client,
    }
}

enum What {
    Refuse(u32),
    Fault(relay::Fault),
}

/// What a fault does, before it is known where.
enum Act {
    Edit(Edit),
    Insert(Vec<Inserted>),
    Line(Line),
}

fn one<'a>(
    written: &written::Fault,
    resolver: impl FnOnce(Party) -> LineResolver<'a>,
) -> Resolved<What> {
    if let Some(count) = &written.refuse {
        return refuse(written, count).map(What::Refuse);
    }
    let from = written
        .from
        .ok_or_else(|| Fault::new("a fault needs `from`: whose bytes?"))?;
    let act = act(written, || resolver(from))?;
    let direction = match from {
        Party::Client => Direction::ClientToServer,
        Party::Server => Direction::ServerToClient,
    };
    let fault = match (&written.frame, &written.after_bytes) {
        (Some(which), None) => {
            let which = frames(which, direction).map_err(|fault| fault.under("frame"))?;
            at_frames(written, which, act)?
        }
        (None, Some(bytes)) => relay::Fault::Octet {
            direction,
            at: number(bytes).map_err(|fault| fault.under("after_bytes"))?,
            act: at_octet(written, act)?,
        },
        _ => {
            return Err(Fault::new(
                "a fault is at a `frame`, or `after_bytes`: one of them",
            ));
        }
    };
    Ok(What::Fault(fault))
}

/// Connections that are refused are nobody's bytes.
fn refuse(written: &written::Fault, count: &Number) -> Resolved<u32> {
    let only = written::Fault {
        refuse: Some(count.clone()),
        ..written::Fault::default()
    };
    let text = |fault: &written::Fault| serde_json::to_value(fault).unwrap_or_default();
    if text(&only) != text(written) {
        return Err(Fault::new("`refuse` stands alone").under("refuse"));
    }
    match number(count).map_err(|fault| fault.under("refuse"))? {
        0 => Err(Fault::new("no connection is refused by this").under("refuse")),
        count => Ok(count),
    }
}

fn act<'a>(written: &written::Fault, resolver: impl FnOnce() -> LineResolver<'a>) -> Resolved<Act> {
    let mut acts = Vec::new();
    acts.extend(edits(written)?.into_iter().map(Act::Edit));
    if !written.insert.is_empty() {
        let said = inserted(&written.insert, &resolver());
        acts.push(Act::Insert(said.map_err(|fault| fault.under("insert"))?));
    }
    acts.extend(lines(written)?.into_iter().map(Act::Line));
    exactly_one(acts, "a fault")
}

fn edits(written: &written::Fault) -> Resolved<Vec<Edit>> {
    let mut edits = Vec::new();
    edits.extend(written.drop.map(|_| Edit::Drop));
    edits.extend(written.twice.map(|_| Edit::Twice));
    edits.extend(written.join.map(|_| Edit::Join));
    if let Some(of) = &written.flags {
        let at = |fault: Fault, key| fault.under(key).under("flags");
        edits.push(Edit::Flags {
            set: flags(of.set.as_ref()).map_err(|fault| at(fault, "set"))?,
            clear: flags(of.clear.as_ref()).map_err(|fault| at(fault, "clear"))?,
        });
    }
    if let Some(stream) = optional(written.to_stream.as_ref(), "to_stream")? {
        edits.push(Edit::Stream(stream));
    }
    edits.extend(optional(written.pad.as_ref(), "pad")?.map(Edit::Pad));
    if let Some(size) = optional::<u32>(written.chop.as_ref(), "chop")? {
        if size == 0 {
            return Err(Fault::new("a frame has at least one byte here").under("chop"));
        }
        edits.push(Edit::Chop(size as usize));
    }
    if let Some(of) = &written.payload {
        edits.push(Edit::Payload(
            payload(of).map_err(|fault| fault.under("payload"))?,
        ));
    }
    if let Some(of) = &written.setting {
        edits.push(one_setting(of).map_err(|fault| fault.under("setting"))?);
    }
    if let Some(of) = &written.header {
        edits.push(Edit::Fields(
            header(of).map_err(|fault| fault.under("header"))?,
        ));
    }
    Ok(edits)
}

fn lines(written: &written::Fault) -> Resolved<Vec<Line>> {
    let mut lines = Vec::new();
    lines.extend(optional_span(written.delay.as_ref(), "delay")?.map(Line::Delay));
    if let Some(of) = &written.throttle {
        let at = |fault: Fault| fault.under("throttle");
        let octets: u32 = number(&of.bytes).map_err(|fault| at(fault.under("bytes")))?;
        let each = optional_span(Some(&of.each), "each").map_err(at)?;
        if octets == 0 || each.is_none_or(|each| each.is_zero()) {
            let fault = Fault::new("at least one byte passes, in some time");
            return Err(at(fault.hint(Some(
                "`stall` lets nothing pass, and no fault lets all pass".into(),
            ))));
        }
        lines.push(Line::Throttle {
            octets: octets as usize,
            each: each.unwrap_or_default(),
        });
    }
    lines.extend(written.stall.map(|_| Line::Stall));
    lines.extend(written.black_hole.map(|_| Line::BlackHole));
    lines.extend(written.half_close.map(|_| Line::HalfClose));
    lines.extend(written.close.map(|_| Line::Close));
    lines.extend(written.reset.map(|_| Line::Reset));
    Ok(lines)
}

fn frames(which: &Which, direction: Direction) -> Resolved<FrameMatch> {
    let nth: Option<u32> = optional(which.nth.as_ref(), "nth")?;
    if nth == Some(0) {
        return Err(Fault::new("frames are counted from 1").under("nth"));
    }
    let on = which
        .stream
        .as_ref()
        .map(|on| stream(Some(on), StreamPlan::Number(0)));
    let on = on.transpose()?;
    let call = match on {
        Some(StreamPlan::Call(nth)) if nth > MOST_CALLS => {
            let fault = Fault::new(format!("streams are counted up to {MOST_CALLS}"));
            return Err(fault.under("stream"));
        }
        Some(StreamPlan::Call(nth)) => Some(nth),
        _ => None,
    };
    Ok(FrameMatch {
        direction,
        kind: kind(which.kind.as_ref())?,
        flags: flags(which.flags.as_ref())?,
        without: flags(which.without.as_ref()).map_err(|fault| fault.under("without"))?,
        stream: on.and_then(StreamPlan::number),
        call,
        nth,
    })
}

fn at_frames(written: &written::Fault, which: FrameMatch, act: Act) -> Resolved<relay::Fault> {
    let after = written.behind;
    let act = match act {
        Act::Edit(_) if after => {
            return Err(
                Fault::new("a frame that is changed is not `behind` itself").under("behind")
            );
        }
        Act::Edit(edit) => {
            fits(&edit, &which)?;
            FrameAct::Edit(edit)
        }
        Act::Insert(frames) => FrameAct::Insert { after, frames },
        Act::Line(line) => FrameAct::Line { after, line },
    };
    Ok(relay::Fault::Frame { which, act })
}

/// A change that the type of the frame can never have would stay away in
/// silence.
fn fits(edit: &Edit, which: &FrameMatch) -> Resolved<()> {
    let (key, kinds): (_, &[u8]) = match edit {
        Edit::Pad(_) => ("pad", &[DATA, HEADERS]),
        Edit::Chop(_) => ("chop", &[DATA, HEADERS]),
        Edit::Join => ("join", &[DATA]),
        Edit::Setting { .. } => ("setting", &[SETTINGS]),
        Edit::Fields(_) => ("header", &[HEADERS]),
        _ => return Ok(()),
    };
    match which.kind {
        Some(kind) if !kinds.contains(&kind) => {
            let names = kinds
                .iter()
                .filter_map(|kind| crate::wire::frame::type_name(*kind));
            let names = names.collect::<Vec<_>>().join(" or ");
            Err(Fault::new(format!("this is a change of {names}")).under(key))
        }
        _ => Ok(()),
    }
}

fn at_octet(written: &written::Fault, act: Act) -> Resolved<OctetAct> {
    if written.behind {
        return Err(Fault::new("`behind` is of a frame").under("behind"));
    }
    match act {
        Act::Line(line) => Ok(OctetAct::Line(line)),
        Act::Insert(said) => {
            let octets = said.into_iter().map(|inserted| match inserted {
                Inserted::Octets(octets) => Ok(octets),
                Inserted::Frame { .. } | Inserted::Headers { .. } => Err(Fault::new(
                    "`after_bytes` need not be between two frames: only `raw` is put there",
                )
                .under("insert")),
            });
            Ok(OctetAct::Insert(
                octets.collect::<Resolved<Vec<_>>>()?.concat(),
            ))
        }
        Act::Edit(_) => {
            let fault = Fault::new("frames are not known here: `frame` says which is changed");
            Err(fault.under("after_bytes"))
        }
    }
}

fn payload(written: &written::Payload) -> Resolved<OctetEdit> {
    let at = optional::<u32>(written.at.as_ref(), "at")?.map(|at| at as usize);
    let needed = || at.ok_or_else(|| Fault::new("`at` says which byte of the payload"));
    let bytes = |text: &Option<String>, key: &str| {
        let bytes = text.as_deref().map(hex).transpose();
        bytes.map_err(|fault| fault.under(key))
    };
    let mut edits = Vec::new();
    if let Some(bytes) = bytes(&written.set, "set")? {
        edits.push(OctetEdit::Set(needed()?, bytes));
    }
    if let Some(bits) = optional(written.flip.as_ref(), "flip")? {
        edits.push(OctetEdit::Flip(needed()?, bits));
    }
    if let Some(length) = optional::<u32>(written.truncate.as_ref(), "truncate")? {
        edits.push(OctetEdit::Truncate(length as usize));
    }
    edits.extend(bytes(&written.append, "append")?.map(OctetEdit::Append));
    edits.extend(bytes(&written.replace, "replace")?.map(OctetEdit::Replace));
    let edit = exactly_one(edits, "a change of a payload")?;
    match (&edit, at) {
        (OctetEdit::Set(..) | OctetEdit::Flip(..), _) | (_, None) => Ok(edit),
        (_, Some(_)) => Err(Fault::new("only `set` and `flip` are at a byte").under("at")),
    }
}

fn one_setting(written: &indexmap::IndexMap<String, Number>) -> Resolved<Edit> {
    let mut entries = written.iter();
    let (Some((name, value)), None) = (entries.next(), entries.next()) else {
        return Err(Fault::new("a fault changes one setting"));
    };
    let at = |fault: Fault| fault.under(name.as_str());
    Ok(Edit::Setting {
        id: setting(name).map_err(at)?,
        value: number(value).map_err(at)?,
    })
}

fn header(written: &written::Header) -> Resolved<FieldEdit> {
    let name = |name: &String| name.clone().into_bytes();
    let field = |field: &Option<Field>, key: &str| {
        let field = field.as_ref().map(named).transpose();
        field.map_err(|fault| fault.under(key))
    };
    let mut edits = Vec::new();
    edits.extend(written.remove.as_ref().map(name).map(FieldEdit::Remove));
    edits.extend(field(&written.set, "set")?.map(FieldEdit::Set));
    edits.extend(field(&written.add_first, "add_first")?.map(FieldEdit::AddFirst));
    edits.extend(field(&written.add_last, "add_last")?.map(FieldEdit::AddLast));
    edits.extend(written.twice.as_ref().map(name).map(FieldEdit::Twice));
    let rename = |of: &written::Rename| FieldEdit::Rename(name(&of.from), name(&of.to));
    edits.extend(written.rename.as_ref().map(rename));
    edits.extend(written.to_front.as_ref().map(name).map(FieldEdit::ToFront));
    edits.extend(written.to_back.as_ref().map(name).map(FieldEdit::ToBack));
    edits.extend(written.reverse.map(|_| FieldEdit::Reverse));
    exactly_one(edits, "a change of a header list")
}
