//! Every rule against real captures: as they are, and with the bytes changed
//! that the rule is about.

mod breaks;
mod captures;
mod edit_frame;
mod editor;
mod examples;
mod good;
mod hostile;
mod http2;
mod live;
mod message;
mod metadata;
mod registry;
mod request;
mod response;
mod splitter;
mod status;
