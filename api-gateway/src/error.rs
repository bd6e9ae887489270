//! Why the gateway cannot start.

use model::ErrorKind;
use service_kit::KitError;

use crate::auth::KeyError;

/// What a start can fail of.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The settings contradict each other.
    #[error("the gateway's configuration has problems")]
    Config(#[source] KitError),
    /// A port cannot be listened on.
    #[error("the gateway cannot listen")]
    Listen(#[source] KitError),
    /// The keys that sign tokens cannot be used.
    #[error("the keys of tokens cannot be used")]
    Keys(#[from] KeyError),
    /// The metrics were registered before.
    #[error("the gateway's metrics cannot be registered")]
    Metrics(#[from] prometheus::Error),
    /// The device port cannot be served.
    #[error("a thread of the device port cannot be started")]
    Device(#[source] std::io::Error),
    /// The description of the gRPC services cannot be read.
    #[error("the gateway cannot describe its services")]
    Reflection(#[from] tonic_reflection::server::Error),
}

impl GatewayError {
    /// What it means for whoever started the process.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Config(error) | Self::Listen(error) => error.kind(),
            Self::Keys(error) => error.kind(),
            Self::Metrics(_) | Self::Device(_) | Self::Reflection(_) => ErrorKind::Internal,
        }
    }
}
