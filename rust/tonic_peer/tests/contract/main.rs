//! Holds the peer to its contract: the built program is driven over its pipes,
//! a client against a server, through every kind of order.

mod calls;
mod codings;
mod contract;
mod life;
mod limits;
mod listeners;
mod secure;
mod streams;
mod support;
