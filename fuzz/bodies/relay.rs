//! Faults on a line.
//!
//! Input: how many faults, those, four lengths of reads, then runs.

use std::time::Duration;

use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::relay::{
    Edit, Fault, FieldEdit, FrameAct, FrameMatch, Inserted, Line, OctetAct, OctetEdit, Op, Relay,
};

use super::input::{Input, Run, each_piece};

const BOTH: [Direction; 2] = [Direction::ClientToServer, Direction::ServerToClient];

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let faults: Vec<Fault> = (0..input.below(4)).map(|_| fault(&mut input)).collect();
    let pieces = input.pieces();
    let runs = input.runs();
    let whole = relayed(&faults, &runs, &[]);
    let split = relayed(&faults, &runs, &pieces);
    assert_eq!(
        whole, split,
        "reads of {pieces:?} change what passes with {faults:?}"
    );
    if whole.applied.iter().all(|count| *count == 0) && !faults.iter().any(rewrites) {
        let same = BOTH.map(|direction| joined(&runs, direction).len());
        assert_eq!(
            whole.lengths(),
            same,
            "what no fault met did not pass: {faults:?}"
        );
    }
    let nothing = relayed(&[], &runs, &pieces);
    for direction in BOTH {
        let passed = [Op::Pass(joined(&runs, direction))];
        let sent = if passed[0] == Op::Pass(Vec::new()) {
            &[][..]
        } else {
            &passed
        };
        assert_eq!(
            nothing.ops[direction as usize], sent,
            "without a fault all passes"
        );
    }
}

/// What both sides get, pieces of octets joined, and how often faults were met.
#[derive(Debug, PartialEq, Eq)]
struct Relayed {
    ops: [Vec<Op>; 2],
    applied: Vec<u32>,
}

impl Relayed {
    fn lengths(&self) -> [usize; 2] {
        self.ops.each_ref().map(|ops| {
            let lengths = ops.iter().map(|op| match op {
                Op::Pass(octets) => octets.len(),
                Op::Line(_) => 0,
            });
            lengths.sum()
        })
    }
}

fn relayed(faults: &[Fault], runs: &[Run<'_>], pieces: &[usize]) -> Relayed {
    let mut relay = Relay::new(faults);
    let mut ops = [Vec::new(), Vec::new()];
    each_piece(runs, pieces, |direction, piece| {
        let found = relay.take(direction, piece);
        add(&mut ops[direction as usize], found);
    });
    for direction in BOTH {
        let found = relay.end(direction);
        add(&mut ops[direction as usize], found);
    }
    Relayed {
        ops,
        applied: relay.applied().to_vec(),
    }
}

fn add(ops: &mut Vec<Op>, found: Vec<Op>) {
    for op in found {
        match (ops.last_mut(), op) {
            (_, Op::Pass(octets)) if octets.is_empty() => {}
            (Some(Op::Pass(before)), Op::Pass(octets)) => before.extend(octets),
            (_, op) => ops.push(op),
        }
    }
}

fn joined(runs: &[Run<'_>], direction: Direction) -> Vec<u8> {
    let of_it = runs.iter().filter(|(other, _)| *other == direction);
    of_it.flat_map(|(_, bytes)| bytes.iter().copied()).collect()
}

/// It has all header lists written anew, which takes other octets.
fn rewrites(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Frame {
            act: FrameAct::Edit(_),
            ..
        }
    )
}

fn fault(input: &mut Input<'_>) -> Fault {
    let direction = input.direction();
    if input.below(4) == 0 {
        return Fault::Octet {
            direction,
            at: input.number().into(),
            act: match input.chance() {
                true => OctetAct::Insert(input.short().to_vec()),
                false => OctetAct::Line(line(input)),
            },
        };
    }
    let what = input.byte();
    let some = |bit: u8| what & bit != 0;
    let which = FrameMatch {
        direction,
        kind: some(1).then(|| input.byte() % 11),
        flags: if some(2) { input.byte() } else { 0 },
        without: if some(4) { input.byte() } else { 0 },
        stream: some(8).then(|| input.byte().into()),
        call: some(0x40).then(|| 1 + u32::from(input.byte() % 3)),
        nth: some(0x10).then(|| u32::from(input.byte() % 8)),
    };
    let after = some(0x20);
    let act = match input.below(4) {
        0 => FrameAct::Insert {
            after,
            frames: (0..=input.below(3)).map(|_| inserted(input)).collect(),
        },
        1 => FrameAct::Line {
            after,
            line: line(input),
        },
        _ => FrameAct::Edit(edit(input)),
    };
    Fault::Frame { which, act }
}

fn line(input: &mut Input<'_>) -> Line {
    match input.below(7) {
        0 => Line::Delay(Duration::from_millis(1)),
        1 => Line::Throttle {
            octets: 1 + usize::from(input.byte()),
            each: Duration::from_millis(1),
        },
        2 => Line::Stall,
        3 => Line::BlackHole,
        4 => Line::HalfClose,
        5 => Line::Close,
        _ => Line::Reset,
    }
}

fn edit(input: &mut Input<'_>) -> Edit {
    match input.below(10) {
        0 => Edit::Drop,
        1 => Edit::Twice,
        2 => Edit::Flags {
            set: input.byte(),
            clear: input.byte(),
        },
        3 => Edit::Stream(input.number().into()),
        4 => Edit::Pad(input.byte()),
        5 => Edit::Chop(input.byte().into()),
        6 => Edit::Join,
        7 => Edit::Payload(octets(input)),
        8 => Edit::Setting {
            id: u16::from(input.byte() % 8),
            value: input.number().into(),
        },
        _ => Edit::Fields(fields(input)),
    }
}

fn octets(input: &mut Input<'_>) -> OctetEdit {
    match input.below(5) {
        0 => OctetEdit::Set(input.byte().into(), input.short().to_vec()),
        1 => OctetEdit::Flip(input.byte().into(), input.byte()),
        2 => OctetEdit::Truncate(input.byte().into()),
        3 => OctetEdit::Append(input.short().to_vec()),
        _ => OctetEdit::Replace(input.short().to_vec()),
    }
}

fn name(input: &mut Input<'_>) -> Vec<u8> {
    let names: [&[u8]; 6] = [
        b":status",
        b":path",
        b"te",
        b"grpc-status",
        b"content-type",
        b"x",
    ];
    names[input.below(names.len())].to_vec()
}

fn fields(input: &mut Input<'_>) -> FieldEdit {
    match input.below(9) {
        0 => FieldEdit::Remove(name(input)),
        1 => FieldEdit::Set((name(input), input.short().to_vec())),
        2 => FieldEdit::AddFirst((name(input), input.short().to_vec())),
        3 => FieldEdit::AddLast((name(input), input.short().to_vec())),
        4 => FieldEdit::Twice(name(input)),
        5 => FieldEdit::Rename(name(input), name(input)),
        6 => FieldEdit::ToFront(name(input)),
        7 => FieldEdit::ToBack(name(input)),
        _ => FieldEdit::Reverse,
    }
}

fn inserted(input: &mut Input<'_>) -> Inserted {
    match input.below(3) {
        0 => Inserted::Frame {
            kind: input.byte(),
            flags: input.byte(),
            stream: input.chance().then(|| input.byte().into()),
            payload: input.short().to_vec(),
        },
        1 => Inserted::Headers {
            flags: input.byte(),
            stream: input.chance().then(|| input.byte().into()),
            fields: vec![(name(input), input.short().to_vec())],
        },
        _ => Inserted::Octets(input.short().to_vec()),
    }
}
