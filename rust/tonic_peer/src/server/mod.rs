//! The server's part: listeners, the built-in services, and scripted methods.
//!
//! Each listener has a thread with a single-threaded runtime of its own. To end
//! it by force is to drop that runtime: every connection and every handler goes
//! with it, at once and without the library's help, and the handlers report as
//! they are dropped. tonic itself offers no such end, since it spawns a task for
//! each connection and hyper one for each call.

mod echo;
mod greeter;
mod handler;
mod library;
mod listener;
mod options;
mod script;
mod services;
mod test_service;
mod versions;

pub use listener::{Listener, listen};
