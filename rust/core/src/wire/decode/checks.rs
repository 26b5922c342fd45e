//! What is wrong with a frame, for itself and in its place.

use super::collect::{Collected, FrameSpan};
use super::connection::{ConnectionDecoder, Weight, carries_block};
use super::ledger::{Kind, Ledger};
use crate::wire::capture::Direction;
use crate::wire::exchange::Place;
use crate::wire::frame::{Body, type_name};
use crate::wire::payload::{Violation, value_violations};

impl ConnectionDecoder {
    /// The faults of a frame for itself and in its place; the weight of the
    /// worst.
    pub(super) fn check(
        &mut self,
        frame: &Collected,
        place: &Place,
        ledger: &mut Ledger,
    ) -> Weight {
        let header = frame.span.header;
        if frame.is_cut() && !carries_block(header.kind) {
            ledger.cut(Kind::FramePayload);
        }
        let mut faults = Vec::new();
        faults.extend(self.check_first(&frame.span, place.direction).map(passing));
        faults.extend(self.check_size(&frame.span, place.direction).map(passing));
        match &frame.body {
            Ok(body) => {
                let values = value_violations(body, place.direction);
                faults.extend(values.into_iter().map(passing));
                faults.extend(
                    self.check_stream(body, &frame.span, place.direction)
                        .map(passing),
                );
            }
            Err(violation) if breaks_decoding(frame) => {
                faults.push((violation.clone(), Weight::Fatal));
            }
            Err(violation) => faults.push(passing(violation.clone())),
        }
        let order = self.check_order(&frame.span, place.direction);
        faults.extend(order.map(|violation| (violation, Weight::Fatal)));
        let mut worst = Weight::Passing;
        for (violation, weight) in faults {
            worst = worst.max(weight);
            self.fault_at(place, header.stream, violation, weight, ledger);
        }
        worst
    }

    fn check_first(&mut self, span: &FrameSpan, direction: Direction) -> Option<Violation> {
        let first = !std::mem::replace(&mut self.side(direction).begun, true);
        (first && span.header.kind != 0x04).then(|| Violation {
            what: format!("the first frame is {} instead of SETTINGS", span.name()),
            section: "RFC 9113, section 3.4",
        })
    }

    fn check_size(&mut self, span: &FrameSpan, direction: Direction) -> Option<Violation> {
        let (length, limit) = (span.header.length, self.side(direction).max_frame_size());
        (length > limit).then(|| Violation {
            what: format!(
                "{} has {length} bytes of payload, the receiver allows {limit}",
                span.name()
            ),
            section: "RFC 9113, section 4.2",
        })
    }

    fn check_stream(
        &self,
        body: &Body,
        span: &FrameSpan,
        direction: Direction,
    ) -> Option<Violation> {
        match body {
            Body::Data { .. } | Body::Headers { .. } | Body::RstStream(_) => {}
            Body::WindowUpdate(_) if span.header.stream != 0 => {}
            _ => return None,
        }
        self.streams
            .violation(direction, span.header.stream, type_name(span.header.kind)?)
    }

    /// Nothing may come between the frames of a field block.
    fn check_order(&mut self, span: &FrameSpan, direction: Direction) -> Option<Violation> {
        let (kind, stream) = (span.header.kind, span.header.stream);
        let what = match &self.side(direction).block {
            None if kind == 0x09 => {
                format!("CONTINUATION on stream {stream} continues no field block")
            }
            Some(block) if kind != 0x09 || stream != block.stream => {
                format!(
                    "{} on stream {stream} interrupts the field block of stream {}",
                    span.name(),
                    block.stream
                )
            }
            _ => return None,
        };
        Some(Violation {
            what,
            section: "RFC 9113, section 6.10",
        })
    }
}

impl FrameSpan {
    fn name(&self) -> String {
        match type_name(self.header.kind) {
            Some(name) => name.to_owned(),
            None => format!("a frame of type {:#04x}", self.header.kind),
        }
    }
}

fn passing(violation: Violation) -> (Violation, Weight) {
    (violation, Weight::Passing)
}

/// Without its fragment the compression state is lost, without its data the
/// boundaries of messages are.
fn breaks_decoding(frame: &Collected) -> bool {
    let header = frame.span.header;
    carries_block(header.kind) || (header.kind == 0x00 && header.stream != 0)
}
