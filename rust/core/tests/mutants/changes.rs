//! The changes that break a rule, at every place of an exchange.

use wirecheck_core::judge::finding::Culprit;
use wirecheck_core::wire::relay::{
    Edit, Fault, FieldEdit, FrameAct, FrameMatch, Inserted, OctetEdit,
};

use super::places::Recorded;
use super::{exchange, frames, lists};

/// An exchange with something wrong in it.
pub struct Mutant {
    pub rule: &'static str,
    pub culprit: Culprit,
    pub faults: Vec<Fault>,
    /// What was done, for who reads of it.
    pub what: String,
    /// Nothing is wrong all the same: why.
    pub equivalent: Option<&'static str>,
    /// MUST rules that it cannot but break.
    pub also: &'static [&'static str],
}

impl Mutant {
    pub fn new(
        rule: &'static str,
        culprit: Culprit,
        what: impl Into<String>,
        faults: Vec<Fault>,
    ) -> Self {
        let what = what.into();
        Self {
            rule,
            culprit,
            faults,
            what,
            equivalent: None,
            also: &[],
        }
    }

    pub fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    pub fn equivalent_if(mut self, is: bool, why: &'static str) -> Self {
        self.equivalent = is.then_some(why);
        self
    }
}

/// All mutants of a rule that this exchange gives.
pub fn of(rule: &'static str, recorded: &Recorded) -> Vec<Mutant> {
    let mut mutants = lists::of(rule, recorded);
    mutants.extend(frames::of(rule, recorded));
    mutants.extend(exchange::of(rule, recorded));
    mutants
}

pub fn edit(which: FrameMatch, edit: Edit) -> Fault {
    let act = FrameAct::Edit(edit);
    Fault::Frame { which, act }
}

pub fn fields(which: FrameMatch, change: FieldEdit) -> Fault {
    edit(which, Edit::Fields(change))
}

pub fn payload(which: FrameMatch, change: OctetEdit) -> Fault {
    edit(which, Edit::Payload(change))
}

pub fn behind(which: FrameMatch, what: Inserted) -> Fault {
    let (after, frames) = (true, vec![what]);
    let act = FrameAct::Insert { after, frames };
    Fault::Frame { which, act }
}

pub fn frame(kind: u8, flags: u8, stream: Option<u32>, payload: &[u8]) -> Inserted {
    let payload = payload.to_vec();
    Inserted::Frame {
        kind,
        flags,
        stream,
        payload,
    }
}

pub fn headers(flags: u8, stream: Option<u32>, fields: &[(&str, &str)]) -> Inserted {
    let fields = fields
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    Inserted::Headers {
        flags,
        stream,
        fields: fields.collect(),
    }
}

pub fn set(name: &str, value: impl Into<Vec<u8>>) -> FieldEdit {
    FieldEdit::Set((name.into(), value.into()))
}

pub fn add(name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> FieldEdit {
    FieldEdit::AddLast((name.into(), value.into()))
}

pub fn remove(name: &str) -> FieldEdit {
    FieldEdit::Remove(name.into())
}

pub fn twice(name: &str) -> FieldEdit {
    FieldEdit::Twice(name.into())
}
