//! A file of packets, to what passed on its connections.

use std::io::Read;

use wirecheck_core::wire::tcp::{Assembled, Limits, Reassembly, Tell};

use super::blocks::Blocks;
use super::packet::{Content, content};
use super::{ImportError, Left};

/// Packets that were not read, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unread {
    /// IP had cut them up.
    pub fragments: u64,
    /// The capture kept less of them than their headers.
    pub cut: u64,
    /// Their first header is of a kind that is not known.
    pub unknown_link: u64,
    /// That kind, of the first of them, by its LINKTYPE number.
    pub link: Option<i32>,
    /// They are of connections beyond those that are followed at one time.
    pub not_followed: u64,
}

/// A pcapng or pcap file.
pub struct Packets<'r> {
    blocks: Blocks<'r>,
    reassembly: Reassembly,
    /// When the first packet was captured.
    began_ns: Option<u64>,
    unread: Unread,
}

impl<'r> Packets<'r> {
    /// Reads its first block.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn new(file: impl Read + 'r) -> Result<Self, ImportError> {
        Ok(Self {
            blocks: Blocks::new(file)?,
            reassembly: Reassembly::new(Limits::default()),
            began_ns: None,
            unread: Unread::default(),
        })
    }

    /// Reads all of it. What was held is told even if it is damaged.
    ///
    /// # Errors
    ///
    /// It is damaged.
    pub fn read(mut self, tell: Tell<'_>) -> Result<Left, ImportError> {
        let end = self.packets(tell);
        self.reassembly.finish(tell);
        let is_whole = end?;
        Ok(Left {
            truncated_after: (!is_whole).then(|| self.blocks.packets()),
            unread: self.unread,
        })
    }

    /// Whether the file ends where a block does.
    fn packets(&mut self, tell: Tell<'_>) -> Result<bool, ImportError> {
        let Self {
            blocks,
            reassembly,
            began_ns,
            unread,
        } = self;
        loop {
            let next = blocks.next(|packet| {
                let began = *began_ns.get_or_insert(packet.at_ns);
                let at_ns = packet.at_ns.saturating_sub(began);
                match content(&packet) {
                    Content::Segment(segment) => {
                        reassembly.feed(at_ns, &segment, &mut |told| match told {
                            Assembled::NotFollowed => unread.not_followed += 1,
                            told => tell(told),
                        });
                    }
                    other => unread.count(&other),
                }
            })?;
            match next {
                Some(true) => {}
                Some(false) => return Ok(true),
                None => return Ok(false),
            }
        }
    }
}

impl Unread {
    fn count(&mut self, content: &Content<'_>) {
        match content {
            Content::Segment(_) | Content::Other => {}
            Content::Fragment => self.fragments += 1,
            Content::Cut => self.cut += 1,
            Content::UnknownLink(link) => {
                self.unknown_link += 1;
                self.link.get_or_insert(link.0);
            }
        }
    }
}
