//! The embedded journal.

/// The largest body of one message.
pub const MAX_BODY_BYTES: usize = 4 << 20;
