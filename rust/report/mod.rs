//! What a user reads: pure functions from the run model, the plan and an
//! exchange to text. Nothing here prints, reads a file or looks at a clock.
//!
//! Every text is at most [`style::WIDTH`] columns wide, commands and links
//! apart, and reads the same without colour. What comes from a peer passes
//! `text::clean` on its way into a [`style::Line`], so that no peer can
//! steer a terminal.

pub mod compare;
pub mod compatibility;
pub mod diff;
pub mod doctor;
pub mod explain;
pub mod failure;
mod fields;
mod found;
pub mod github;
pub mod issue;
pub mod job;
pub mod junit;
pub mod known;
pub mod lint;
pub mod list;
pub mod markdown;
mod markup;
pub mod matrix;
mod metadata;
mod outline;
mod peers;
pub mod progress;
mod reproduce;
pub mod rules;
pub mod show;
pub mod style;
mod table;
mod tally;
pub mod tap;
mod text;
pub mod trouble;
pub mod whole;

#[cfg(test)]
mod sample;

pub use compare::{comparison, comparison_json, exit as comparison_exit};
pub use compatibility::compatibility;
pub use diff::{diff, diff_json, exit as diff_exit};
pub use doctor::doctor;
pub use explain::explain;
pub use failure::failure;
pub use found::found;
pub use github::annotations;
pub use issue::issue_block;
pub use junit::junit;
pub use known::{adopted, pruned};
pub use list::{installed, list, peers};
pub use markdown::{STEP_SUMMARY, markdown};
pub use matrix::matrix;
pub use progress::{progress_line, status_line};
pub use rules::{explain_behaviour, explain_rule, rules, rules_json};
pub use show::show;
pub use style::Style;
pub use text::{count, number};
pub use trouble::{peer_failure, stale};
pub use whole::{Evidence, whole};

use prost_reflect::MessageDescriptor;
use wirecheck_core::plan::schema::Schema;
use wirecheck_core::wire::capture::Direction;
use wirecheck_core::wire::exchange::{Exchange, Stream};

/// What a report of one cell may draw on beside the model.
#[derive(Debug, Clone, Copy, Default)]
pub struct Material<'a> {
    /// What passed the tap in the attempt that is told of.
    pub exchange: Option<&'a Exchange>,
    /// Gives messages their types, by the path of their call.
    pub schema: Option<&'a Schema>,
}

impl Material<'_> {
    /// The type of a stream's messages in one direction.
    fn message_type(&self, stream: &Stream, direction: Direction) -> Option<MessageDescriptor> {
        let path = stream.request.initial()?.get(":path")?;
        self.type_of(std::str::from_utf8(&path.value).ok()?, direction)
    }

    /// The type of a method's messages in one direction.
    fn type_of(&self, path: &str, direction: Direction) -> Option<MessageDescriptor> {
        let method = self.schema?.method(path)?;
        Some(match direction {
            Direction::ClientToServer => method.request,
            Direction::ServerToClient => method.response,
        })
    }
}
