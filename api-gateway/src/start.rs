//! The life of the gateway: sockets first, then service, then an end within a deadline.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use model::Clock;
use prometheus::Registry;
use proto::analytics::analytics_server::Analytics;
use proto::billing::billing_server::Billing;
use proto::billing::quarantine_server::Quarantine;
use proto::billing::register_server::Register;
use proto::ingestion::ingestion_server::Ingestion;
use service_kit::trace::Sampler;
use service_kit::{KitError, Tasks, listen};
use tokio_util::sync::CancellationToken;

use crate::about::{self, Health};
use crate::auth::{Gate, Keys, Verifier};
use crate::device::Intake;
use crate::metrics::Metrics;
use crate::staff::Staff;
use crate::{Config, GatewayError, device, rest, serve, staff_grpc};

/// What the gateway needs of the process it runs in, and the services behind it.
pub struct Deps {
    /// Takes readings: the ingestion service itself, or a client of it.
    pub ingestion: Arc<dyn Ingestion>,
    /// Answers about bills and reads.
    pub billing: Arc<dyn Billing>,
    /// Keeps the register.
    pub register: Arc<dyn Register>,
    /// Looks after messages that could not be processed.
    pub quarantine: Arc<dyn Quarantine>,
    /// Answers about usage of groups.
    pub analytics: Arc<dyn Analytics>,
    /// Tells the time that tokens are judged by.
    pub clock: Arc<dyn Clock>,
    /// Where the metrics are registered.
    pub registry: Registry,
    /// Decides which calls are traced; devices and staff have bounds of their own.
    pub sampler: Sampler,
    /// The folder of the keys that sign tokens; the first key is made here.
    pub keys: PathBuf,
    /// Cancelled when a part without which the process is useless fails.
    pub failed: CancellationToken,
}

/// A gateway that serves.
#[derive(Debug)]
pub struct Running {
    device_addr: SocketAddr,
    staff_addr: SocketAddr,
    health: Health,
    tasks: Tasks,
}

impl Running {
    /// Where devices and staff call by gRPC.
    #[must_use]
    pub fn device_addr(&self) -> SocketAddr {
        self.device_addr
    }

    /// Where staff ask by HTTP.
    #[must_use]
    pub fn staff_addr(&self) -> SocketAddr {
        self.staff_addr
    }

    /// Takes no new connections, lets calls under way finish, and cuts what is left after `grace`. Says whether nothing was cut.
    pub async fn stop(self, grace: Duration) -> bool {
        self.health.set(false).await;
        self.tasks.drain(grace).await
    }
}

/// Binds both ports, then serves.
///
/// # Errors
/// [`GatewayError`]: settings that contradict each other, a port in use, keys that cannot be used.
pub async fn start(config: Config, deps: Deps) -> Result<Running, GatewayError> {
    let problems = config.problems("gateway.");
    if !problems.is_empty() {
        return Err(GatewayError::Config(KitError::Config { problems }));
    }
    let (device_socket, device_addr) = bind("device gRPC", config.listen).await?;
    let (staff_socket, staff_addr) = bind("staff HTTP", config.staff_listen).await?;
    let verifier = if config.insecure_no_auth {
        Verifier::open_to_all()
    } else {
        Verifier::new(Keys::open_or_create(&deps.keys, deps.clock.now())?)
    };
    let metrics = Metrics::new(&deps.registry)?;
    let gate = Gate::new(verifier, Arc::clone(&deps.clock), metrics.clone());
    let tasks = Tasks::new(deps.failed);
    let staff = Staff {
        billing: deps.billing,
        register: deps.register,
        quarantine: deps.quarantine,
        analytics: deps.analytics,
        tasks: tasks.clone(),
    };
    let (health, about) = about::routes(config.reflection)?;
    let of_staff = deps.sampler.apart();
    let door = staff_grpc::Door {
        gate: gate.clone(),
        metrics: metrics.clone(),
        sampler: of_staff.clone(),
    };
    let calls = about.merge(staff_grpc::routes(staff.clone(), door));
    let intake = Intake::new(
        deps.ingestion,
        Arc::clone(&deps.clock),
        deps.sampler,
        &deps.registry,
    )?;
    let devices = device::Deps {
        intake: intake.clone(),
        gate: gate.clone(),
        others: calls,
        tasks: &tasks,
    };
    device::serve(device_socket, &config.device, devices).map_err(GatewayError::Device)?;
    let app = rest::App {
        staff,
        intake,
        gate,
        sampler: of_staff,
        keys: rest::Keys::default(),
        clock: deps.clock,
        metrics,
    };
    serve::serve(staff_socket, rest::router(app), &tasks);
    health.set(true).await;
    Ok(Running {
        device_addr,
        staff_addr,
        health,
        tasks,
    })
}

async fn bind(
    what: &'static str,
    address: SocketAddr,
) -> Result<(tokio::net::TcpListener, SocketAddr), GatewayError> {
    listen::bind(what, address).await.map_err(GatewayError::Listen)
}
