//! Writes HTTP/2 as asked, whether it may be so or not: a correct library
//! refuses to send most of what a peer must be tested with.
//!
//! [`frame`] writes frames, [`block`] field blocks, and [`message`] gRPC's
//! length-prefixed messages. Nothing here does I/O or looks at what was sent
//! before, but [`block::Encoder`], which keeps the dynamic table that indices
//! refer to.
//!
//! ```
//! use wirecheck_core::wire::frame::{END_HEADERS, END_STREAM};
//! use wirecheck_core::wire::write::block::{Encoder, Field, Item};
//! use wirecheck_core::wire::write::frame::Headers;
//!
//! let field = Field::new(":method", "POST");
//! let block = Encoder::new().encode(&[Item::Field(field)])?;
//! let headers = Headers { flags: END_HEADERS | END_STREAM, ..Headers::on(1) };
//! let mut bytes = Vec::new();
//! headers.frames(&block).iter().for_each(|frame| frame.write(&mut bytes));
//! assert_eq!(bytes[..9], [0, 0, 14, 1, 5, 0, 0, 0, 1]);
//! # Ok::<(), wirecheck_core::wire::write::block::NotInTable>(())
//! ```

pub mod block;
pub mod frame;
pub mod message;
