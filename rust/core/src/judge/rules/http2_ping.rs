//! PING and its answer (RFC 9113, section 6.7).

use std::collections::VecDeque;

use super::Rule;
use super::breach::Breach;
use super::scope::{Spot, fully_read};
use super::spec::grpc;
use crate::judge::finding::{Culprit, Level};
use crate::wire::capture::Direction;
use crate::wire::exchange::Connection;
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
            for direction in [Direction::ClientToServer, Direction::ServerToClient] {
                let asked = Asked::of(connection, direction);
                for (index, frame) in asked.strange_answers {
                    let sentence = "a PING is acknowledged that nobody sent";
                    let breach = Breach::new(Spot::frame(connection, index, frame), sentence);
                    breaches.push(breach);
                }
                for (index, frame) in asked.unanswered {
                    let mut spot = Spot::frame(connection, index, frame);
                    spot.culprit = Culprit::sender(direction.reverse());
                    let sentence = "a PING was read and not answered";
                    breaches.push(Breach::new(spot, sentence).expected("PING with ACK"));
                }
            }
        }
    },
};

/// What one side asked of the other with PING.
struct Asked<'e> {
    /// PINGs without an answer that the other side has certainly read.
    unanswered: Vec<(usize, &'e Frame)>,
    /// Answers to PINGs that were not sent, or answered before.
    strange_answers: Vec<(usize, &'e Frame)>,
}

impl<'e> Asked<'e> {
    fn of(connection: &'e Connection, direction: Direction) -> Self {
        let mut waiting: Vec<(usize, &Frame)> = Vec::new();
        let mut strange_answers = Vec::new();
        let mut read_up_to = 0;
        let mut settings = VecDeque::new();
        for (index, frame) in connection.frames.iter().enumerate() {
            let asks = frame.direction == direction;
            match (&frame.body, asks, frame.has(ACK)) {
                (Body::Ping(_), true, false) => waiting.push((index, frame)),
                (Body::Ping(_), false, true) => {
                    match waiting.iter().position(|(_, ping)| ping.body == frame.body) {
                        Some(found) => read_up_to = read_up_to.max(waiting.remove(found).0),
                        None => strange_answers.push((index, frame)),
                    }
                }
                (Body::Settings(_), true, false) => settings.push_back(index),
                (Body::Settings(_), false, true) => {
                    read_up_to = read_up_to.max(settings.pop_front().unwrap_or(0));
                }
                _ => {}
            }
        }
        waiting.retain(|(index, _)| *index < read_up_to);
        Self {
            unanswered: waiting,
            strange_answers,
        }
    }
}
