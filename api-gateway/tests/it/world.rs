//! A gateway on free ports.

use std::sync::Arc;

use api_gateway::auth::{Grant, Keys, Role};
use api_gateway::{Config, Deps, Running};
use chrono::{DateTime, Utc};
use model::FixedClock;
use prometheus::Registry;
use service_kit::trace::Sampler;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::behind;
use crate::fakes::Fakes;
use crate::http::{Answer, Ask};

/// A gateway, what is behind it, and its keys.
pub(crate) struct World {
    pub(crate) gateway: Running,
    pub(crate) fakes: Arc<Fakes>,
    pub(crate) registry: Registry,
    dir: TempDir,
}

pub(crate) fn now() -> DateTime<Utc> {
    "2026-05-10T12:00:00Z".parse().unwrap()
}

/// The default on free ports.
pub(crate) fn config() -> Config {
    Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        staff_listen: "127.0.0.1:0".parse().unwrap(),
        ..Config::default()
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(config()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let dir = TempDir::new().unwrap();
        let fakes = Arc::new(Fakes::default());
        let registry = Registry::new();
        let deps = deps(&fakes, &registry, &dir).await;
        Self {
            gateway: api_gateway::start(config, deps).await.unwrap(),
            fakes,
            registry,
            dir,
        }
    }

    pub(crate) fn token(&self, role: Role) -> String {
        let grant = Grant {
            role,
            subject: "m-1".to_owned(),
            lifetime: None,
        };
        Keys::open(self.dir.path()).unwrap().issue(&grant, now()).unwrap()
    }

    pub(crate) async fn send(&self, ask: Ask) -> Answer {
        ask.send(self.gateway.staff_addr()).await
    }

    /// As an admin, who may do all.
    pub(crate) async fn admin(&self, ask: Ask) -> Answer {
        self.send(ask.token(&self.token(Role::Admin))).await
    }

    pub(crate) fn metrics(&self) -> String {
        prometheus::TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap()
    }
}

pub(crate) async fn deps(fakes: &Arc<Fakes>, registry: &Registry, dir: &TempDir) -> Deps {
    let behind = behind::of(fakes).await;
    Deps {
        ingestion: behind.ingestion,
        billing: behind.billing,
        register: behind.register,
        quarantine: behind.quarantine,
        analytics: behind.analytics,
        clock: Arc::new(FixedClock(now())),
        registry: registry.clone(),
        sampler: Sampler::default(),
        keys: dir.path().to_owned(),
        failed: CancellationToken::new(),
    }
}
