//! What is behind the gateway here: the fakes themselves, in the same process.

use std::sync::Arc;

use proto::analytics::analytics_server::Analytics;
use proto::billing::billing_server::Billing;
use proto::billing::quarantine_server::Quarantine;
use proto::billing::register_server::Register;
use proto::ingestion::ingestion_server::Ingestion;

use crate::fakes::Fakes;

/// The services as the gateway sees them.
pub(crate) struct Behind {
    pub(crate) ingestion: Arc<dyn Ingestion>,
    pub(crate) billing: Arc<dyn Billing>,
    pub(crate) register: Arc<dyn Register>,
    pub(crate) quarantine: Arc<dyn Quarantine>,
    pub(crate) analytics: Arc<dyn Analytics>,
}

/// The fakes, called directly.
pub(crate) async fn of(fakes: &Arc<Fakes>) -> Behind {
    Behind {
        ingestion: Arc::clone(fakes) as _,
        billing: Arc::clone(fakes) as _,
        register: Arc::clone(fakes) as _,
        quarantine: Arc::clone(fakes) as _,
        analytics: Arc::clone(fakes) as _,
    }
}

/// Another ingestion.
pub(crate) async fn ingestion<I: Ingestion>(service: &Arc<I>) -> Arc<dyn Ingestion> {
    Arc::<I>::clone(service)
}
