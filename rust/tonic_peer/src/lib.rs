//! The Wirecheck peer `rust-tonic`.
