//! PING and its answer (RFC 9113, section 6.7).

use std::collections::VecDeque;

use super::Rule;
use super::breach::{Breach, Breaches};
use super::scope::{Spot, fully_read};
use super::spec::grpc;
use crate::judge::finding::{Culprit, Level};
use crate::wire::capture::Direction;
use crate::wire::frame::{ACK, Body, Frame};

pub(super) static PING_ANSWERED: Rule = Rule {
    id: "http2/ping-answered",
    level: Level::Must,
    about: "every PING is answered with the same eight bytes, and only a PING is",
    section: grpc!(
        "PING Frame",
        "ping-frame",
        "Both clients and servers can send a PING frame that the peer must respond to by precisely \
         echoing what they received."
    ),
    find: |exchange, breaches| {
        for connection in fully_read(exchange) {
            let mut pings = Pings::default();
            for (index, frame) in connection.frames.iter().enumerate() {
                pings.follow(connection.id, index, frame, breaches);
            }
            pings.end(connection.id, breaches);
        }
    },
};

/// PINGs and SETTINGS of each side that are followed before their answer.
const MAX_UNANSWERED: usize = 256;

/// What both sides asked of each other with PING.
#[derive(Debug, Default)]
pub(super) struct Pings {
    client: Asked,
    server: Asked,
}

/// What one side asked of the other.
#[derive(Debug, Default)]
struct Asked {
    /// PINGs without an answer, each with its index.
    waiting: VecDeque<(usize, Frame)>,
    /// The indices of SETTINGS without an answer.
    settings: VecDeque<usize>,
    /// What was asked before this one has been read.
    read_up_to: usize,
    /// There was more than is followed, so nothing is sure any more.
    is_lost: bool,
}

impl Pings {
    /// Follows the next frame of a connection.
    pub fn follow(
        &mut self,
        connection: u32,
        index: usize,
        frame: &Frame,
        breaches: &mut Breaches<'_>,
    ) {
        match (&frame.body, frame.has(ACK)) {
            (Body::Ping(_) | Body::Settings(_), false) => {
                self.asked(frame.direction).ask(index, frame);
            }
            (Body::Ping(_) | Body::Settings(_), true) => {
                let asked = self.asked(frame.direction.reverse());
                asked.answer(connection, index, frame, breaches);
            }
            _ => {}
        }
    }

    /// The connection has ended: what was not answered will not be.
    pub fn end(&self, connection: u32, breaches: &mut Breaches<'_>) {
        for (index, ping) in [&self.client, &self.server]
            .into_iter()
            .flat_map(Asked::unanswered)
        {
            let mut spot = Spot::frame(connection, *index, ping);
            spot.culprit = Culprit::sender(ping.direction.reverse());
            let sentence = "a PING was read and not answered";
            breaches.push(Breach::new(spot, sentence).expected("PING with ACK"));
        }
    }

    fn asked(&mut self, direction: Direction) -> &mut Asked {
        match direction {
            Direction::ClientToServer => &mut self.client,
            Direction::ServerToClient => &mut self.server,
        }
    }
}

impl Asked {
    fn ask(&mut self, index: usize, frame: &Frame) {
        self.is_lost |= self.waiting.len().max(self.settings.len()) >= MAX_UNANSWERED;
        match &frame.body {
            _ if self.is_lost => {}
            Body::Ping(_) => self.waiting.push_back((index, frame.clone())),
            _ => self.settings.push_back(index),
        }
    }

    fn answer(
        &mut self,
        connection: u32,
        index: usize,
        frame: &Frame,
        breaches: &mut Breaches<'_>,
    ) {
        if self.is_lost {
            return;
        }
        let answered = match &frame.body {
            Body::Ping(_) => {
                let mut waiting = self.waiting.iter();
                let found = waiting.position(|(_, ping)| ping.body == frame.body);
                let Some((asked, _)) = found.and_then(|found| self.waiting.remove(found)) else {
                    let sentence = "a PING is acknowledged that nobody sent";
                    let spot = Spot::frame(connection, index, frame);
                    return breaches.push(Breach::new(spot, sentence));
                };
                asked
            }
            _ => self.settings.pop_front().unwrap_or(0),
        };
        self.read_up_to = self.read_up_to.max(answered);
    }

    /// PINGs that the other side has certainly read and did not answer.
    fn unanswered(&self) -> impl Iterator<Item = &(usize, Frame)> {
        let waiting = self.waiting.iter();
        waiting.filter(|(index, _)| *index < self.read_up_to && !self.is_lost)
    }
}
