//! The program as a user runs it: what is typed, what is answered, and the exit code.
//!
//! Built first; `WIRECHECK_BIN` names it, or it stands beside this package's own programs.

mod bad_input;
mod changed_byte;
mod ci;
mod documentation;
mod faults;
mod ghost;
mod image;
mod init;
mod installed;
mod interrupt;
mod known;
mod lint;
mod look;
mod official;
#[path = "../broken_peers/processes.rs"]
mod processes;
mod reports;
mod run;
mod scripted;
mod selection;
mod show;
mod tap;
mod text;
mod variants;
mod versions;
mod wirecheck;
