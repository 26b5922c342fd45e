//! The wire from the outside: captures to exchanges, messages to fields and to
//! their canonical bytes.

mod canonical;
mod captures;
mod fields;
mod frames;
mod late;
mod limits;
mod live;
mod mask;
mod outline;
mod properties;
mod schema;
mod script;
mod streams;
mod write;
