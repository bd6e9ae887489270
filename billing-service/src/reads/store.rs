//! Where reads are kept. Every backend passes `contract`.

/// The port.
#[async_trait::async_trait]
pub trait ReadsStore: Send + Sync {}
