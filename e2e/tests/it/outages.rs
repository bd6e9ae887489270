//! Every server of the four programs, and every program, fails under load: what was accepted is there once, what is wrong is said at once,
//! and how long it takes to recover is printed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::instance::Instance;
use e2e::journal::Journal;
use e2e::servers::{OwnServers, Server};
use e2e::services::{Launcher, Running, Services};
use e2e::{client, wait};
use tokio::time::Instant;

use crate::crash;
use crate::sending::{self, Shared};

const SENDERS: usize = 4;
/// How long an outage lasts at least.
const OUTAGE: Duration = Duration::from_secs(2);
/// A server that hangs is asked once a second and given two seconds; the gateway asks ingestion once a second.
const SAID_WITHIN: Duration = Duration::from_secs(5);
/// The longest pause between attempts to reach a broker is 5 s, and two connections wait for their turn.
const RECOVERED_WITHIN: Duration = Duration::from_secs(30);

/// Programs on servers of their own, and what they promised.
struct World {
    servers: OwnServers,
    services: Services,
    journal: Shared,
    _data: tempfile::TempDir,
}

impl World {
    fn start() -> Result<Self> {
        let data = tempfile::tempdir()?;
        let servers = OwnServers::start()?;
        let launcher = Launcher::new(servers.addresses.clone(), data.path(), "");
        Ok(Self {
            services: Services::start(launcher)?,
            servers,
            journal: Arc::new(Journal::default()),
            _data: data,
        })
    }

    /// Sends all the time while `fails` happens, then waits until readings are taken again and everything that was promised is there.
    async fn through(
        &mut self,
        what: &str,
        fails: impl AsyncFnOnce(&mut Self) -> Result<()>,
    ) -> Result<String> {
        let prefix = format!("{}-", what.replace(' ', "-"));
        let over = Arc::new(AtomicBool::new(false));
        let before = self.journal.promises();
        let senders =
            sending::start_patient(&self.services, &prefix, SENDERS, (&self.journal, &over)).await?;
        self.promised_since(before, 100).await?;
        fails(self).await?;
        let healed = Instant::now();
        self.promised_since(self.journal.promises(), SENDERS).await?;
        let taken = healed.elapsed();
        over.store(true, Ordering::Relaxed);
        for sender in senders {
            sender.await?;
        }
        crash::check(&self.services, &self.journal, &prefix).await?;
        let there = healed.elapsed();
        self.says(200, "ready\n").await?;
        ensure!(there < RECOVERED_WITHIN, "{what}: {there:.1?} is too long");
        Ok(format!(
            "{what}: readings were taken again after {taken:.1?}, everything promised was there after {there:.1?}"
        ))
    }

    /// Waits for `more` promises.
    async fn promised_since(&self, before: usize, more: usize) -> Result<()> {
        wait::eventually(async || {
            let now = self.journal.promises();
            ensure!(now >= before + more, "only {now} promises");
            Ok(())
        })
        .await
    }

    fn programs(&self) -> [&Running; 4] {
        let Services {
            billing,
            analytics,
            ingestion,
            gateway,
            ..
        } = &self.services;
        [ingestion, billing, analytics, gateway]
    }

    /// Waits until every program says `line`.
    async fn says(&self, status: u16, line: &str) -> Result<()> {
        for program in self.programs() {
            says(program, status, line).await?;
        }
        Ok(())
    }
}

/// Waits until `program` says of its dependencies what it should.
async fn says(program: &Running, status: u16, line: &str) -> Result<()> {
    wait::eventually(async || {
        let answer = client::get(&program.ready.metrics, "/readyz", "")?;
        let found = answer.status == status && answer.body.contains(line);
        ensure!(
            found,
            "{}: not {status} {line}: {} {}",
            program.name(),
            answer.status,
            answer.body
        );
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_outage_of_a_server_loses_or_doubles_a_reading() -> Result<()> {
    let mut world = World::start()?;
    eprintln!("{}", broker_restarted(&mut world).await?);
    eprintln!("{}", broker_killed(&mut world).await?);
    eprintln!("{}", broker_blocked(&mut world).await?);
    eprintln!("{}", queue_deleted(&mut world).await?);
    eprintln!("{}", cache_stopped(&mut world).await?);
    eprintln!("{}", store_restarted(&mut world).await?);
    counted_once(&world).await?;
    world.services.stop()
}

async fn broker_restarted(world: &mut World) -> Result<String> {
    world
        .through("broker restarted", async |world: &mut World| {
            world.servers.rabbitmq.tell("stop")?;
            says(&world.services.ingestion, 503, "bus: down (it cannot be reached)").await?;
            says(
                &world.services.gateway,
                503,
                "ingestion: down (it is not ready: bus)",
            )
            .await?;
            tokio::time::sleep(OUTAGE).await;
            world.servers.rabbitmq.tell("start").map(drop)
        })
        .await
}

async fn broker_killed(world: &mut World) -> Result<String> {
    world
        .through("broker killed", async |world: &mut World| {
            world.servers.rabbitmq.tell("kill")?;
            tokio::time::sleep(OUTAGE).await;
            world.servers.rabbitmq.tell("start").map(drop)
        })
        .await
}

/// Its disk is short: it takes nothing, and says so.
async fn broker_blocked(world: &mut World) -> Result<String> {
    world
        .through("broker blocked", async |world: &mut World| {
            let broker = &mut world.servers.rabbitmq;
            broker.tell("ctl set_disk_free_limit 1000000GB")?;
            says(
                &world.services.ingestion,
                503,
                "bus: down (it takes nothing for now",
            )
            .await?;
            tokio::time::sleep(OUTAGE).await;
            let broker = &mut world.servers.rabbitmq;
            broker.tell("ctl set_disk_free_limit 500MB").map(drop)
        })
        .await
}

/// By an operator; what was in it is with billing.
async fn queue_deleted(world: &mut World) -> Result<String> {
    drained(world).await?;
    world
        .servers
        .rabbitmq
        .tell("ctl delete_queue billing.readings.0")?;
    let outcome = world
        .through("a drained queue deleted", async |_: &mut World| Ok(()))
        .await?;
    // It is there again.
    drained(world).await?;
    Ok(outcome)
}

async fn cache_stopped(world: &mut World) -> Result<String> {
    world
        .through("cache stopped", async |world: &mut World| {
            world.servers.redis.tell("stop")?;
            says(&world.services.billing, 200, "cache: down (it does not answer").await?;
            tokio::time::sleep(OUTAGE).await;
            world.servers.redis.tell("start").map(drop)
        })
        .await
}

async fn store_restarted(world: &mut World) -> Result<String> {
    world
        .through("store restarted", async |world: &mut World| {
            world.servers.mongodb.tell("stop")?;
            says(
                &world.services.billing,
                503,
                "billing store: down (it does not answer)",
            )
            .await?;
            says(
                &world.services.gateway,
                200,
                "billing: down (it is not ready: billing store)",
            )
            .await?;
            tokio::time::sleep(OUTAGE).await;
            world.servers.mongodb.tell("start").map(drop)
        })
        .await
}

/// Waits until billing has taken and acknowledged everything.
async fn drained(world: &mut World) -> Result<()> {
    wait::eventually(async || {
        let queues = world
            .servers
            .rabbitmq
            .tell("ctl list_queues name messages --no-table-headers")?;
        let waiting = queues.lines().find(|line| line.starts_with("billing.readings.0"));
        let waiting = waiting.context("the queue")?;
        ensure!(waiting.ends_with("\t0"), "{waiting}");
        Ok(())
    })
    .await
}

/// Analytics adds up what billing has: a reading that was counted twice, or not at all, would show.
async fn counted_once(world: &World) -> Result<()> {
    let token = world.services.token("viewer", "tester")?;
    let staff = world
        .services
        .gateway
        .ready
        .staff_http
        .clone()
        .context("a staff port")?;
    let mut billing = client::billing(world.services.device_grpc(), &token).await?;
    let (mut expected, mut last) = (0, sending::EPOCH * 1_000);
    for meter in world.journal.meters() {
        for (start, used) in sending::kept(&mut billing, &meter).await? {
            expected += used;
            last = last.max(start);
        }
    }
    let from = chrono::DateTime::from_timestamp(sending::EPOCH, 0)
        .context("a time")?
        .to_rfc3339();
    let to = chrono::DateTime::from_timestamp_millis(last + 1)
        .context("a time")?
        .to_rfc3339();
    let path = format!(
        "/api/v1/usage?by=region&resolution=1d&limit=10000&from={}&to={}",
        from.replace('+', "%2B"),
        to.replace('+', "%2B")
    );
    wait::eventually(async || {
        let answer = client::get(&staff, &path, &token)?.json()?;
        let windows = answer["items"].as_array().with_context(|| answer.to_string())?;
        let mut found = 0;
        for window in windows {
            found += sending::micro_kwh(
                window["import_kwh"]
                    .as_str()
                    .with_context(|| window.to_string())?,
            )?;
        }
        ensure!(found == expected, "{found} instead of {expected} in {answer}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_death_of_a_program_loses_or_doubles_a_reading() -> Result<()> {
    let mut world = World::start()?;
    for name in [
        "ingestion-service",
        "billing-service",
        "analytics-service",
        "api-gateway",
    ] {
        let outcome = world
            .through(&format!("{name} killed"), async |world: &mut World| {
                let services = &mut world.services;
                let running = match name {
                    "ingestion-service" => &mut services.ingestion,
                    "billing-service" => &mut services.billing,
                    "analytics-service" => &mut services.analytics,
                    _ => &mut services.gateway,
                };
                services.launcher.restart(running)
            })
            .await?;
        eprintln!("{outcome}");
    }
    counted_once(&world).await?;
    for what in ["bus", "billing store", "cache"] {
        eprintln!("{}", stalled(&mut world, what).await?);
    }
    world.services.stop()
}

/// Connections stay, nothing answers: only a question with a deadline of its own finds that out.
async fn stalled(world: &mut World, what: &str) -> Result<String> {
    server(&mut world.servers, what).tell("pause")?;
    let paused = Instant::now();
    let status = if what == "cache" { 200 } else { 503 };
    let line = format!("{what}: down (it does not answer");
    says(&world.services.billing, status, &line).await?;
    let said = paused.elapsed();
    if what == "bus" {
        says(
            &world.services.gateway,
            503,
            "ingestion: down (it is not ready: bus)",
        )
        .await?;
    }
    let in_all = paused.elapsed();
    ensure!(in_all < SAID_WITHIN, "{what}: {in_all:.1?} is too long");
    server(&mut world.servers, what).tell("resume")?;
    world.says(200, "ready\n").await?;
    Ok(format!(
        "{what} stalled: said after {said:.1?}, by the gateway too after {in_all:.1?}"
    ))
}

fn server<'a>(servers: &'a mut OwnServers, what: &str) -> &'a mut Server {
    match what {
        "bus" => &mut servers.rabbitmq,
        "billing store" => &mut servers.mongodb,
        _ => &mut servers.redis,
    }
}
