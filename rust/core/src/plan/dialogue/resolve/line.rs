//! One line of a dialogue.

use super::super::super::case::Number;
use super::super::super::resolve::fault::{Fault, Resolved};
use super::super::super::resolve::text::{exactly_one, hex, optional_span};
use super::super::super::source::Segment;
use super::super::written::{self, Line};
use super::super::{Act, AwaitPlan, StreamPlan};
use super::LineResolver;
use super::number::{at_most, error, flags, kind, number, optional, setting, stream};
use super::payload::{block, raw};
use crate::plan::case::Party;
use crate::wire::frame::{ACK, END_HEADERS, END_STREAM};
use crate::wire::write::frame::{
    self, Frame, Headers, LONGEST, PING, PRIORITY_FRAME, RST_STREAM, SETTINGS, WINDOW_UPDATE,
};

const CONNECTION: StreamPlan = StreamPlan::Number(0);

impl LineResolver<'_> {
    pub(in crate::plan) fn act(
        &self,
        line: &Line,
        place: &[Segment],
        number: &str,
    ) -> Resolved<Act> {
        let mut acts = Vec::new();
        acts.extend(line.preface.map(|_| Act::Preface));
        let ack = || on_connection(SETTINGS, ACK, Vec::new());
        acts.extend(line.settings_ack.map(|_| ack()));
        acts.extend(line.ping_ack.map(|_| Act::PingAck));
        acts.extend(line.close.map(|_| Act::Close));
        acts.extend(line.reset.map(|_| Act::Reset));
        acts.extend(line.await_close.map(|_| Act::AwaitClose));
        acts.extend(line.stop_reading.map(|_| Act::StopReading));
        acts.extend(line.read_on.map(|_| Act::ReadOn));
        if line.next_connection.is_some() {
            let act = self.next_connection(place);
            acts.push(act.map_err(|fault| fault.under("next_connection"))?);
        }
        let mut add = |key: &str, act: Option<Resolved<Act>>| {
            let act = act.transpose().map_err(|fault| fault.under(key))?;
            acts.extend(act);
            Ok::<(), Fault>(())
        };
        add("settings", line.settings.as_ref().map(settings))?;
        add("headers", line.headers.as_ref().map(|of| self.headers(of)))?;
        add(
            "data",
            line.data.as_ref().map(|of| {
                let on = stream(of.stream.as_ref(), self.first())?;
                self.data(of, on).map(Act::Data)
            }),
        )?;
        add(
            "rst_stream",
            line.rst_stream.as_ref().map(|of| self.rst(of)),
        )?;
        add("goaway", line.goaway.as_ref().map(goaway))?;
        add("ping", line.ping.as_ref().map(ping))?;
        add("window_update", line.window_update.as_ref().map(window))?;
        add(
            "priority",
            line.priority.as_ref().map(|of| self.priority(of)),
        )?;
        add("frame", line.frame.as_ref().map(any_frame))?;
        add("raw", line.raw.as_ref().map(|of| raw(of).map(Act::Raw)))?;
        add("await", line.awaited.as_ref().map(|of| self.awaited(of)))?;
        let pause = optional_span(line.pause.as_ref(), "pause")?;
        acts.extend(pause.map(Act::Pause));
        if let Some(repeat) = &line.repeat {
            let act = self.repeat(repeat, place, number);
            acts.push(act.map_err(|fault| fault.under("repeat"))?);
        }
        exactly_one(acts, "a line of a dialogue")
    }

    fn next_connection(&self, place: &[Segment]) -> Resolved<Act> {
        if self.against == Party::Server {
            return Err(Fault::new("a scripted client has one connection"));
        }
        if place.len() > 1 {
            return Err(Fault::new("`next_connection` stands in no `repeat`"));
        }
        Ok(Act::NextConnection)
    }

    fn awaited(&self, written: &written::Awaited) -> Resolved<Act> {
        if written.optional && self.against == Party::Server {
            let fault = Fault::new("a scripted client has no calls that end without it");
            return Err(fault.under("optional"));
        }
        let on = written.stream.as_ref();
        let nth: u32 = optional(written.nth.as_ref(), "nth")?.unwrap_or(1);
        Ok(Act::Await(AwaitPlan {
            kind: kind(written.kind.as_ref())?,
            stream: on.map(|on| stream(Some(on), CONNECTION)).transpose()?,
            flags: flags(written.flags.as_ref())?,
            ends_stream: written.ends_stream,
            error: error(written.error.as_ref())?,
            nth: nth.max(1),
            optional: written.optional,
        }))
    }

    /// The stream of a line that names none.
    fn first(&self) -> StreamPlan {
        match self.against {
            Party::Client => StreamPlan::Call(1),
            Party::Server => StreamPlan::Number(1),
        }
    }

    fn headers(&self, written: &written::Headers) -> Resolved<Act> {
        let on = stream(written.stream.as_ref(), self.first())?;
        if let (StreamPlan::Number(number), Some(path)) = (on, &written.request) {
            self.paths.borrow_mut().insert(number, path.clone());
        }
        let mut flags = flags(written.flags.as_ref())?;
        if written.end_stream {
            flags |= END_STREAM;
        }
        if written.end_headers.unwrap_or(true) {
            flags |= END_HEADERS;
        }
        let split = written.split.iter().enumerate().map(|(index, size)| {
            let size: u32 = number(size).map_err(|fault| fault.under(index).under("split"))?;
            Ok(size as usize)
        });
        let of = |written: &written::Priority| {
            priority(
                written.depends_on.as_ref(),
                written.weight.as_ref(),
                written.exclusive,
            )
        };
        let priority = written.priority.as_ref().map(of).transpose();
        Ok(Act::Headers {
            stream: on,
            headers: Headers {
                stream: 0,
                flags,
                priority: priority.map_err(|fault| fault.under("priority"))?,
                padding: optional(written.pad.as_ref(), "pad")?,
                split: split.collect::<Resolved<_>>()?,
            },
            items: block(written)?,
        })
    }

    fn rst(&self, written: &written::RstStream) -> Resolved<Act> {
        let error = error(written.error.as_ref())?.unwrap_or(0);
        Ok(Act::Frame {
            stream: stream(written.stream.as_ref(), self.first())?,
            frame: Frame::new(RST_STREAM, 0, 0, error.to_be_bytes()),
        })
    }

    fn priority(&self, written: &written::PriorityLine) -> Resolved<Act> {
        let fields = priority(
            written.depends_on.as_ref(),
            written.weight.as_ref(),
            written.exclusive,
        )?;
        Ok(Act::Frame {
            stream: stream(written.stream.as_ref(), self.first())?,
            frame: Frame::new(PRIORITY_FRAME, 0, 0, fields.bytes()),
        })
    }
}

fn on_connection(kind: u8, flags: u8, payload: Vec<u8>) -> Act {
    Act::Frame {
        stream: CONNECTION,
        frame: Frame::new(kind, flags, 0, payload),
    }
}

fn settings(written: &indexmap::IndexMap<String, Number>) -> Resolved<Act> {
    let entries = written.iter().map(|(name, value)| {
        let at = |fault: Fault| fault.under(name.as_str());
        Ok((
            setting(name).map_err(at)?,
            number::<u32>(value).map_err(at)?,
        ))
    });
    let entries = entries.collect::<Resolved<Vec<_>>>()?;
    Ok(on_connection(SETTINGS, 0, frame::settings(&entries)))
}

fn goaway(written: &written::GoAway) -> Resolved<Act> {
    const HIGHEST: StreamPlan = StreamPlan::Number(0x7fff_ffff);
    Ok(Act::GoAway {
        last: stream(written.last_stream.as_ref(), HIGHEST)?,
        error: error(written.error.as_ref())?.unwrap_or(0),
        debug: written.debug.clone().unwrap_or_default().into_bytes(),
    })
}

fn ping(written: &written::Ping) -> Resolved<Act> {
    let data = written.hex.as_deref().map(hex).transpose();
    let data = data.map_err(|fault| fault.under("hex"))?;
    let data = data.unwrap_or_else(|| vec![0; 8]);
    if data.len() != 8 {
        let fault = Fault::new(format!("PING has 8 bytes, these are {}", data.len()));
        return Err(fault
            .hint(Some("`frame` writes any length".into()))
            .under("hex"));
    }
    let flags = if written.ack { ACK } else { 0 };
    Ok(on_connection(PING, flags, data))
}

fn window(written: &written::WindowUpdate) -> Resolved<Act> {
    let by = written.increment.as_ref();
    let by = by.ok_or_else(|| Fault::new("`window_update` needs `increment`"))?;
    let by: u32 = number(by).map_err(|fault| fault.under("increment"))?;
    Ok(Act::Frame {
        stream: stream(written.stream.as_ref(), CONNECTION)?,
        frame: Frame::new(WINDOW_UPDATE, 0, 0, by.to_be_bytes()),
    })
}

fn priority(
    depends_on: Option<&Number>,
    weight: Option<&Number>,
    exclusive: bool,
) -> Resolved<frame::Priority> {
    let weight: u32 = optional(weight, "weight")?.unwrap_or(16);
    let weight = weight
        .checked_sub(1)
        .and_then(|weight| weight.try_into().ok());
    Ok(frame::Priority {
        exclusive,
        depends_on: optional(depends_on, "depends_on")?.unwrap_or(0),
        weight: weight.ok_or_else(|| Fault::new("a weight is 1 to 256").under("weight"))?,
    })
}

fn any_frame(written: &written::AnyFrame) -> Resolved<Act> {
    let kind = kind(written.kind.as_ref())?;
    let kind = kind.ok_or_else(|| Fault::new("`frame` needs `type`"))?;
    let length = written
        .length
        .as_ref()
        .map(|length| at_most(length, LONGEST));
    let payload = written.payload.as_ref().map(raw).transpose();
    let payload = payload.map_err(|fault| fault.under("payload"))?;
    let payload = payload.unwrap_or_default();
    if payload.len() > u64::from(LONGEST) {
        let fault = Fault::new(format!("a frame carries at most {LONGEST} bytes"));
        return Err(fault.under("payload"));
    }
    Ok(Act::Frame {
        stream: stream(written.stream.as_ref(), CONNECTION)?,
        frame: Frame {
            reserved: written.reserved,
            length: length.transpose().map_err(|fault| fault.under("length"))?,
            ..Frame::new(kind, flags(written.flags.as_ref())?, 0, payload.to_vec())
        },
    })
}
