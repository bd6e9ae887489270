//! One place where every call and request is let in or refused, and counted when refused.

use std::sync::Arc;

use http::HeaderMap;
use model::Clock;

use super::{AuthError, Identity, Permission, Verifier};
use crate::metrics::Metrics;

/// Lets in who may come in. A clone is the same gate.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    verifier: Arc<Verifier>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
}

impl Gate {
    pub(crate) fn new(verifier: Verifier, clock: Arc<dyn Clock>, metrics: Metrics) -> Self {
        Self {
            verifier: Arc::new(verifier),
            clock,
            metrics,
        }
    }

    /// Who asks, if they may do `wanted`.
    pub(crate) fn admit(&self, headers: &HeaderMap, wanted: Permission) -> Result<Identity, AuthError> {
        let admitted = self
            .verifier
            .identify(headers, self.clock.now())
            .and_then(|identity| identity.must(wanted).map(|()| identity));
        if let Err(error) = admitted {
            self.metrics.auth_failed(error);
        }
        admitted
    }
}
