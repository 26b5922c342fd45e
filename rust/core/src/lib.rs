//! Wirecheck's pure core: bytes and data in, values out.
