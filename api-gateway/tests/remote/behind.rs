//! What is behind the gateway here: the fakes on ports of their own, called as the program calls other services.

use std::sync::Arc;
use std::time::Duration;

use api_gateway::Remote;
use proto::analytics::analytics_server::{Analytics, AnalyticsServer};
use proto::billing::billing_server::{Billing, BillingServer};
use proto::billing::quarantine_server::{Quarantine, QuarantineServer};
use proto::billing::register_server::{Register, RegisterServer};
use proto::ingestion::ingestion_server::{Ingestion, IngestionServer};
use service_kit::internal::{self, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES, Services, Serving};
use service_kit::remote::LinkConfig;
use service_kit::{KitError, Readiness};
use tokio_util::sync::CancellationToken;

use crate::fakes::Fakes;

/// The services as the gateway sees them.
pub(crate) struct Behind {
    pub(crate) ingestion: Arc<dyn Ingestion>,
    pub(crate) billing: Arc<dyn Billing>,
    pub(crate) register: Arc<dyn Register>,
    pub(crate) quarantine: Arc<dyn Quarantine>,
    pub(crate) analytics: Arc<dyn Analytics>,
}

/// The fakes, called over sockets.
pub(crate) async fn of(fakes: &Arc<Fakes>) -> Behind {
    let config = link(&serve(fakes, None).await);
    let remote = Remote::new(&config, &config, &config).unwrap();
    Behind {
        ingestion: remote.ingestion(),
        billing: remote.billing(),
        register: remote.register(),
        quarantine: remote.quarantine(),
        analytics: remote.analytics(),
    }
}

/// Another ingestion.
pub(crate) async fn ingestion<I: Ingestion>(service: &Arc<I>) -> Arc<dyn Ingestion> {
    let server = IngestionServer::from_arc(Arc::clone(service)).max_decoding_message_size(MAX_REQUEST_BYTES);
    let services = Services::new(proto::DESCRIPTORS).with(server);
    let port = internal::bind("a test", Some("127.0.0.1:0".parse().unwrap()))
        .await
        .unwrap()
        .unwrap();
    let config = link(&port.serve(services, CancellationToken::new(), &well()).unwrap());
    Remote::new(&config, &config, &config).unwrap().ingestion()
}

/// Every service of the fakes on one port: a free one, or that of `address`.
pub(crate) async fn serve(fakes: &Arc<Fakes>, address: Option<std::net::SocketAddr>) -> Serving {
    let services = Services::new(proto::DESCRIPTORS)
        .with(IngestionServer::from_arc(Arc::clone(fakes)).max_decoding_message_size(MAX_REQUEST_BYTES))
        .with(
            BillingServer::from_arc(Arc::clone(fakes))
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .max_encoding_message_size(MAX_ANSWER_BYTES),
        )
        .with(RegisterServer::from_arc(Arc::clone(fakes)).max_decoding_message_size(MAX_REQUEST_BYTES))
        .with(QuarantineServer::from_arc(Arc::clone(fakes)))
        .with(AnalyticsServer::from_arc(Arc::clone(fakes)));
    let address = address.unwrap_or_else(|| "127.0.0.1:0".parse().unwrap());
    // Whoever had the address may still be dying.
    let port = loop {
        match internal::bind("a test", Some(address)).await {
            Ok(port) => break port.unwrap(),
            Err(KitError::PortInUse { .. }) => tokio::time::sleep(Duration::from_millis(10)).await,
            Err(error) => panic!("{error}"),
        }
    };
    port.serve(services, CancellationToken::new(), &well()).unwrap()
}

/// Of a process that takes work.
pub(crate) fn well() -> Readiness {
    let readiness = Readiness::default();
    readiness.set(true);
    readiness
}

/// The way to what is served.
pub(crate) fn link(serving: &Serving) -> LinkConfig {
    LinkConfig {
        deadline: Duration::from_secs(30),
        ..LinkConfig::here(serving.address().port())
    }
}
