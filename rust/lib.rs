//! Wirecheck proves that gRPC programs written in different languages understand each other.
