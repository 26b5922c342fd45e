//! The tap on real sockets: what passes, what is kept, what is held, and
//! what is left of it at the end.

mod bytes;
mod capture;
mod closing;
mod ends;
mod holds;
mod support;
mod watches;
