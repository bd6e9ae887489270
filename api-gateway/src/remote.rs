//! The services behind the gateway when they are programs of their own.

use std::sync::Arc;
use std::time::Duration;

use proto::analytics::analytics_client::AnalyticsClient;
use proto::analytics::analytics_server::Analytics;
use proto::billing::billing_client::BillingClient;
use proto::billing::billing_server::Billing;
use proto::billing::quarantine_client::QuarantineClient;
use proto::billing::quarantine_server::Quarantine;
use proto::billing::register_client::RegisterClient;
use proto::billing::register_server::Register;
use proto::ingestion::ingestion_client::IngestionClient;
use proto::ingestion::ingestion_server::Ingestion;
use service_kit::internal::{MAX_ANSWER_BYTES, MAX_REQUEST_BYTES};
use service_kit::remote::{Link, LinkConfig};
use service_kit::{Readiness, Tasks};
use tonic::Status;

/// A bill run, and a replay of the whole quarantine, go through all there is.
const LONG_CALLS: [(&str, Duration); 2] = [
    ("/gridtally.billing.v1.Billing/RunBills", Duration::from_secs(600)),
    (
        "/gridtally.billing.v1.Quarantine/ReplayQuarantined",
        Duration::from_secs(600),
    ),
];

/// The ways to the services. A clone is the same ways.
#[derive(Debug, Clone)]
pub struct Remote {
    ingestion: Link,
    billing: Link,
    analytics: Link,
}

impl Remote {
    /// Nothing is connected before the first call.
    ///
    /// # Errors
    /// UNAVAILABLE for an address that cannot be one.
    pub fn new(ingestion: &LinkConfig, billing: &LinkConfig, analytics: &LinkConfig) -> Result<Self, Status> {
        Ok(Self {
            ingestion: Link::new("ingestion", ingestion, &[])?,
            billing: Link::new("billing", billing, &LONG_CALLS)?,
            analytics: Link::new("analytics", analytics, &[])?,
        })
    }

    /// Looks after the services from now on. Without ingestion the gateway is not ready: devices are what it is there for.
    pub fn watch(&self, readiness: &Readiness, tasks: &Tasks) {
        let links = [
            ("ingestion", true, &self.ingestion),
            ("billing", false, &self.billing),
            ("analytics", false, &self.analytics),
        ];
        for (name, vital, link) in links {
            link.watch(tasks);
            let looked = link.clone();
            readiness.depends_on(name, vital, Box::new(move || looked.state()));
        }
    }

    /// Takes readings.
    #[must_use]
    pub fn ingestion(&self) -> Arc<dyn Ingestion> {
        let client = IngestionClient::new(self.ingestion.clone())
            .max_encoding_message_size(MAX_REQUEST_BYTES)
            .max_decoding_message_size(MAX_ANSWER_BYTES);
        Arc::new(client)
    }

    /// Answers about bills and reads.
    #[must_use]
    pub fn billing(&self) -> Arc<dyn Billing> {
        let client = BillingClient::new(self.billing.clone())
            .max_encoding_message_size(MAX_REQUEST_BYTES)
            .max_decoding_message_size(MAX_ANSWER_BYTES);
        Arc::new(client)
    }

    /// Keeps the register.
    #[must_use]
    pub fn register(&self) -> Arc<dyn Register> {
        let client = RegisterClient::new(self.billing.clone())
            .max_encoding_message_size(MAX_REQUEST_BYTES)
            .max_decoding_message_size(MAX_ANSWER_BYTES);
        Arc::new(client)
    }

    /// Looks after messages that could not be processed.
    #[must_use]
    pub fn quarantine(&self) -> Arc<dyn Quarantine> {
        let client = QuarantineClient::new(self.billing.clone())
            .max_encoding_message_size(MAX_REQUEST_BYTES)
            .max_decoding_message_size(MAX_ANSWER_BYTES);
        Arc::new(client)
    }

    /// Answers about usage of groups.
    #[must_use]
    pub fn analytics(&self) -> Arc<dyn Analytics> {
        let client = AnalyticsClient::new(self.analytics.clone())
            .max_encoding_message_size(MAX_REQUEST_BYTES)
            .max_decoding_message_size(MAX_ANSWER_BYTES);
        Arc::new(client)
    }
}
