//! What a run leaves, in the formats of other tools.

pub mod pcapng;
