//! What stands between the two peers of a cell: taps, and between them a line
//! with faults on it, where the case has any.

use std::time::Duration;

use futures_util::future::join_all;

use crate::line::{Line, Told};
use crate::tap::{Captured, Held, Tap};

/// How long connections may stay open when the channels are closed.
const CLOSE_LIMIT: Duration = Duration::from_secs(3);
/// Likewise on a line with faults: one that lets nothing pass lets no end pass
/// either.
const FAULTY_LIMIT: Duration = Duration::from_secs(1);

/// All of a cell, one for each listener in their order.
#[derive(Default)]
pub(super) struct Wires {
    /// Beside the client, which connects to them.
    pub taps: Vec<Tap>,
    /// Behind each of them, where the case has faults.
    pub lines: Vec<FaultyLine>,
}

/// A line with faults and the tap behind it.
pub(super) struct FaultyLine {
    pub line: Line,
    /// Beside the server.
    pub tap: Tap,
}

/// What passed, and what was done to it.
#[derive(Default)]
pub(super) struct Passed {
    /// Beside the client.
    pub captured: Vec<Captured>,
    /// Beside the server, if a line stood between.
    pub beside_server: Vec<Captured>,
    /// What each line did.
    pub told: Vec<Told>,
}

impl Wires {
    /// Closes all of it at one time, since the end of one connection has to
    /// come through to the next; what a tap still holds is let go.
    pub async fn close(self) -> Passed {
        let taps = join_all(self.taps.into_iter().map(close));
        let lines = join_all(self.lines.into_iter().map(FaultyLine::close));
        let (captured, lines) = tokio::join!(taps, lines);
        let (told, beside_server) = lines.into_iter().unzip();
        Passed {
            captured,
            beside_server,
            told,
        }
    }
}

impl FaultyLine {
    async fn close(self) -> (Told, Captured) {
        tokio::join!(self.line.close(FAULTY_LIMIT), close(self.tap))
    }
}

async fn close(tap: Tap) -> Captured {
    tap.close(CLOSE_LIMIT, Held::LetGo).await
}
