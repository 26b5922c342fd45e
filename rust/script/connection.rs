//! One connection on which a dialogue is played.

use std::pin::Pin;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wirecheck_core::judge::observed::WhyStopped;
use wirecheck_core::plan::dialogue::{Act, AwaitPlan, DialoguePlan, LinePlan};
use wirecheck_core::talk::{Heard, Talk};

use super::board::Board;
use crate::tap::socket::{Reader, Socket, Writer};

/// The size of reads, in bytes.
const READ: usize = 64 * 1024;

/// Plays the dialogue, then listens until the peer has ended the connection, or
/// the script is hung up.
pub(super) async fn play(mut socket: Socket, plan: &DialoguePlan, board: &Board, place: usize) {
    let resets = {
        let (reader, writer) = socket.split();
        let listen = listen(reader, board, place);
        let mut speaker = Speaker {
            writer,
            talk: Talk::default(),
            board,
            place,
        };
        let speak = async {
            let lines = plan.part(place).0;
            let ended = speaker.lines(lines, 0).await;
            if let (Err(Halt::Reset), Some(last)) = (&ended, lines.last()) {
                // The reset is done; what may be missing is what comes behind it.
                board.begin(place, last);
            }
            board.end(place, ended.clone().err().and_then(Halt::why));
            match ended {
                Err(Halt::Reset) => true,
                // A client that has said all, and who can say no more, ends in order.
                ended if plan.is_client() || matches!(ended, Err(Halt::Stopped(_))) => {
                    let _ = speaker.writer.shutdown().await;
                    false
                }
                _ => false,
            }
        };
        let both = async {
            tokio::pin!(listen, speak);
            tokio::select! {
                resets = &mut speak => {
                    if !resets {
                        listen.await;
                    }
                    resets
                }
                () = &mut listen => speak.await,
            }
        };
        tokio::select! {
            resets = both => resets,
            // A client that is gone hears nothing more: what its server would
            // answer to its end is no answer to the dialogue.
            () = board.hung_up() => plan.is_client(),
        }
    };
    if resets {
        socket.reset_on_close();
    }
}

async fn listen(mut reader: Reader<'_>, board: &Board, place: usize) {
    let mut buffer = vec![0; READ];
    loop {
        board.until_reading(place, true).await;
        let read = tokio::select! {
            biased;
            () = board.until_reading(place, false) => continue,
            read = reader.read(&mut buffer) => read,
        };
        match read {
            Ok(0) => return board.hear(place, |heard| heard.end(false)),
            Ok(count) => board.hear(place, |heard| heard.bytes(&buffer[..count])),
            Err(_) => return board.hear(place, |heard| heard.end(true)),
        }
    }
}

/// Why no further line is done.
#[derive(Debug, Clone)]
enum Halt {
    /// The script resets the connection, which is its end.
    Reset,
    /// All calls have ended without what comes next, as they may.
    Over,
    /// It cannot go on.
    Stopped(WhyStopped),
}

impl Halt {
    fn why(self) -> Option<WhyStopped> {
        match self {
            Self::Reset | Self::Over => None,
            Self::Stopped(why) => Some(why),
        }
    }
}

struct Speaker<'a> {
    writer: Writer<'a>,
    talk: Talk,
    board: &'a Board,
    place: usize,
}

impl Speaker<'_> {
    /// Does the lines in order. `shift` is how many calls on from those that
    /// are named.
    fn lines<'s>(
        &'s mut self,
        lines: &'s [LinePlan],
        shift: u32,
    ) -> Pin<Box<dyn Future<Output = Result<(), Halt>> + Send + 's>> {
        Box::pin(async move {
            for line in lines {
                self.board.begin(self.place, line);
                self.line(&line.act, shift).await?;
            }
            Ok(())
        })
    }

    async fn line(&mut self, act: &Act, shift: u32) -> Result<(), Halt> {
        match act {
            Act::Await(frame) => self.wait_for(frame, shift).await,
            Act::AwaitClose => {
                self.board
                    .until_heard(self.place, |heard| heard.has_ended())
                    .await;
                Ok(())
            }
            Act::StopReading | Act::ReadOn => {
                self.board.read(self.place, matches!(act, Act::ReadOn));
                Ok(())
            }
            // It is the last line that is done on this connection.
            Act::NextConnection => Ok(()),
            Act::Pause(time) => {
                tokio::time::sleep(*time).await;
                Ok(())
            }
            Act::Reset => Err(Halt::Reset),
            Act::Close => {
                // Fails only where the peer is gone already; awaiting says that.
                let _ = self.writer.shutdown().await;
                Ok(())
            }
            Act::Repeat {
                times,
                next_stream,
                lines,
            } => {
                for round in 0..*times {
                    let on = if *next_stream { round } else { 0 };
                    self.lines(lines, shift.saturating_add(on)).await?;
                }
                Ok(())
            }
            said => self.say(said, shift).await,
        }
    }

    async fn say(&mut self, act: &Act, shift: u32) -> Result<(), Halt> {
        let talk = &mut self.talk;
        let said = self
            .board
            .heard(self.place, |heard| talk.say(act, shift, heard));
        let bytes =
            said.map_err(|error| Halt::Stopped(WhyStopped::CannotSay(error.to_string())))?;
        // A peer that is gone does not hear what is said; whether it had to be
        // there still, a line that waits for it shows.
        if self.writer.write_all(&bytes).await.is_err() {
            self.board
                .until_heard(self.place, |heard| heard.has_ended())
                .await;
        }
        Ok(())
    }

    async fn wait_for(&mut self, frame: &AwaitPlan, shift: u32) -> Result<(), Halt> {
        let wanted = AwaitPlan {
            stream: frame.stream.map(|stream| stream.shifted(shift)),
            ..*frame
        };
        let mut has_come = false;
        let look = |heard: &mut Heard| {
            has_come = heard.take(&wanted);
            has_come || heard.has_ended()
        };
        let in_calls = match frame.optional {
            true => self.board.heard_in_calls(self.place, look).await,
            false => {
                self.board.until_heard(self.place, look).await;
                true
            }
        };
        match (has_come, in_calls) {
            (true, _) => Ok(()),
            (false, false) => Err(Halt::Over),
            (false, true) => Err(Halt::Stopped(WhyStopped::NotCome)),
        }
    }
}
