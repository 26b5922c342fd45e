//! Faults that stand between an honest peer and the harness: this program runs
//! itself as the honest peer, hands orders and events on, and changes some.

use std::env;
use std::io::{self, BufReader, Write};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::thread;

use wirecheck_tonic_peer::Role;

use crate::contract::from_peer::Event;
use crate::contract::reached::Where;
use crate::contract::to_peer::Order;
use crate::contract::{Began, FromPeer, Listening, Reached, ToPeer};
use crate::frames;
use crate::line::{self, Damage};

/// The argument that makes this program an honest peer.
pub const HONEST: &str = "honest";
/// What a Rust program that panicked exits with.
const PANICKED: u8 = 101;

/// What is wrong with this peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It ends when a handler begins.
    DiesInMidCall,
    /// It agrees to every feature that an order requires.
    SaysYes,
    /// It stops in the middle of a report.
    HalfFrame,
    /// In place of a report it writes events without end, each one valid.
    FloodsStdout,
    /// It reports each call twice.
    ReportsTwice,
    /// It tells of a handler after it has said that the listener is no more.
    LateEvent,
    /// Its server's line is damaged.
    Line(Damage),
}

impl Fault {
    /// The fault of this name on the command line.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "dies-in-mid-call" => Self::DiesInMidCall,
            "says-yes" => Self::SaysYes,
            "half-frame" => Self::HalfFrame,
            "floods-stdout" => Self::FloodsStdout,
            "reports-twice" => Self::ReportsTwice,
            "late-event" => Self::LateEvent,
            "wrong-bytes" => Self::Line(Damage::LastByte),
            "missing-trailers" => Self::Line(Damage::NoTrailers),
            _ => return None,
        })
    }
}

/// Runs the honest peer until it ends, with this fault.
pub fn run(fault: Fault, role: Role) -> ExitCode {
    match try_run(fault, role) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("broken-peer: {error}");
            ExitCode::FAILURE
        }
    }
}

fn try_run(fault: Fault, role: Role) -> io::Result<ExitCode> {
    let role = if role == Role::Client {
        "client"
    } else {
        "server"
    };
    let mut honest = Command::new(env::current_exe()?)
        .args([HONEST, role])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let orders = honest.stdin.take().expect("stdin was asked for");
    // It ends with the process: nothing can wake it while stdin stays open.
    thread::spawn(move || hand_on_orders(fault, orders));
    let code = hand_on_events(fault, &mut honest);
    // An honest peer ends when its stdin does; this one may have to end before.
    if code.is_err() || code.as_ref().is_ok_and(|code| *code != ExitCode::SUCCESS) {
        honest.kill()?;
    }
    honest.wait()?;
    code
}

/// Ends the honest peer's stdin at the end of its own.
fn hand_on_orders(fault: Fault, mut to: ChildStdin) -> io::Result<()> {
    let mut orders = BufReader::new(io::stdin());
    while let Some(mut order) = frames::read::<ToPeer>(&mut orders)? {
        if fault == Fault::SaysYes {
            agree(&mut order);
        }
        to.write_all(&frames::encode(&order))?;
    }
    Ok(())
}

fn agree(order: &mut ToPeer) {
    match &mut order.order {
        Some(Order::Listen(listen)) => listen.requires.clear(),
        Some(Order::Open(open)) => open.requires.clear(),
        Some(Order::Call(call)) => call.requires.clear(),
        _ => {}
    }
}

/// What becomes of an event of the honest peer.
enum Fate {
    /// These are written in its place.
    Told(Vec<FromPeer>),
    /// Its first half is written, and nothing after it.
    Halved(FromPeer),
    /// This is written until nobody reads it any more.
    Repeated(FromPeer),
    /// The process ends.
    Fatal,
}

fn hand_on_events(fault: Fault, honest: &mut Child) -> io::Result<ExitCode> {
    let mut events = BufReader::new(honest.stdout.take().expect("stdout was asked for"));
    let mut out = io::stdout().lock();
    let mut mute = false;
    // A mute peer reads on, so that it still ends when it is told to.
    while let Some(event) = frames::read::<FromPeer>(&mut events)? {
        if mute {
            continue;
        }
        match fate(fault, event)? {
            Fate::Told(events) => {
                // One write, so that nothing can come between two events.
                let bytes: Vec<u8> = events.iter().flat_map(frames::encode).collect();
                out.write_all(&bytes)?;
            }
            Fate::Halved(event) => {
                let frame = frames::encode(&event);
                out.write_all(&frame[..frame.len() / 2])?;
                mute = true;
            }
            Fate::Repeated(event) => {
                let many = frames::encode(&event).repeat(1_000);
                while out.write_all(&many).is_ok() {}
                mute = true;
            }
            Fate::Fatal => {
                // First of all, or its last word would be that nobody reads it.
                honest.kill()?;
                honest.wait()?;
                eprintln!("thread 'greeter' panicked: index out of bounds");
                return Ok(ExitCode::from(PANICKED));
            }
        }
        out.flush()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn fate(fault: Fault, said: FromPeer) -> io::Result<Fate> {
    Ok(match (fault, said.event.as_ref()) {
        (Fault::DiesInMidCall, Some(Event::Began(_))) => Fate::Fatal,
        (Fault::HalfFrame, Some(Event::Report(_))) => Fate::Halved(said),
        (Fault::FloodsStdout, Some(Event::Report(report))) => {
            Fate::Repeated(instead(&said, reached(report.call)))
        }
        (Fault::ReportsTwice, Some(Event::Report(_))) => Fate::Told(vec![said.clone(), said]),
        (Fault::LateEvent, Some(Event::Unlistened(ended))) => {
            let late = instead(&said, began(ended.listener));
            Fate::Told(vec![said, late])
        }
        (Fault::Line(damage), Some(Event::Listening(listening))) => {
            let listening = Listening {
                address: line::open(&listening.address, damage)?,
                ..*listening
            };
            Fate::Told(vec![instead(&said, Event::Listening(listening))])
        }
        _ => Fate::Told(vec![said]),
    })
}

fn instead(said: &FromPeer, event: Event) -> FromPeer {
    FromPeer {
        magic: said.magic,
        event: Some(event),
    }
}

fn reached(call: u64) -> Event {
    Event::Reached(Reached {
        r#where: Some(Where::Call(call)),
        step: "again".to_owned(),
    })
}

fn began(listener: u64) -> Event {
    Event::Began(Began {
        listener,
        number: 1_000,
        method: "/Greeter/SayHello".to_owned(),
        metadata: Vec::new(),
    })
}
