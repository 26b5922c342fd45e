//! What the test driver's tests share.
