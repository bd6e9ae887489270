//! What anybody may ask the gRPC port without a token: whether it is well, and which services it has.

use proto::analytics::analytics_server::AnalyticsServer;
use proto::billing::billing_server::BillingServer;
use proto::billing::quarantine_server::QuarantineServer;
use proto::billing::register_server::RegisterServer;
use proto::meter::meter_gateway_server::MeterGatewayServer;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic_health::server::HealthReporter;
use tonic_reflection::server::{Builder, Error};

/// The services of the port, as the outside calls them.
const SERVICES: [&str; 5] = [
    <MeterGatewayServer<()> as NamedService>::NAME,
    <BillingServer<()> as NamedService>::NAME,
    <RegisterServer<()> as NamedService>::NAME,
    <QuarantineServer<()> as NamedService>::NAME,
    <AnalyticsServer<()> as NamedService>::NAME,
];

/// Health of the port, and reflection if `reflection`.
///
/// # Errors
/// When the descriptors cannot be read.
pub(crate) fn routes(reflection: bool) -> Result<(Health, axum::Router), Error> {
    let (reporter, service) = tonic_health::server::health_reporter();
    let mut routes = Routes::default().add_service(service);
    if reflection {
        routes = routes
            .add_service(description().build_v1()?)
            .add_service(description().build_v1alpha()?);
    }
    Ok((Health(reporter), routes.into_axum_router()))
}

/// Only what answers on this port; the services behind have other ports.
fn description() -> Builder<'static> {
    let described = Builder::configure()
        .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
    SERVICES
        .into_iter()
        .chain(["grpc.health.v1.Health"])
        .fold(described, Builder::with_service_name)
}

/// What the health service says.
#[derive(Debug, Clone)]
pub(crate) struct Health(HealthReporter);

impl Health {
    /// Says whether the port and each of its services take work.
    pub(crate) async fn set(&self, serving: bool) {
        let status = if serving {
            tonic_health::ServingStatus::Serving
        } else {
            tonic_health::ServingStatus::NotServing
        };
        for service in SERVICES.into_iter().chain([""]) {
            self.0.set_service_status(service, status).await;
        }
    }
}
