//! `gridtally demo`: the platform with a fleet. Everything goes over the wire, as from a utility's own systems: the register by its
//! API, readings through the device port, bills by a bill run. There is no short cut.

mod feed;
mod load;
mod month;
mod report;
mod setup;
mod site;
mod there;

use std::sync::Arc;
use std::time::Duration;

use api_gateway::auth::{Keys, Role};
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use gridtally_simulator::{Fleet, FleetConfig, Gateway};
use model::{Clock, SystemClock};
use proto::billing::billing_client::BillingClient;
use proto::billing::{RunBillsRequest, RunBillsResponse};
use service_kit::telemetry::LogConfig;
use service_kit::{Signals, Tasks, signals, telemetry};

use crate::access::{self, Authorized};
use crate::cli::DemoArgs;
use crate::config::Config;
use crate::error::CommandError;
use crate::platform::Platform;
use crate::{output, up};
use feed::Feed;

/// Live readings are sent once an interval is over: the shortest interval.
const LIVE: TimeDelta = TimeDelta::minutes(15);
/// How long billing may take to read what was accepted.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);
/// The demo runs for weeks at most; staff tokens end after one.
const STAFF_TOKEN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Runs `demo`.
///
/// # Errors
/// As `up`, and what the platform answers to the demo.
pub(crate) async fn run(args: DemoArgs) -> Result<(), CommandError> {
    let mut config = Config::of_up(&args.up)?;
    if args.up.print_config {
        return output::line(service_kit::config::print(&config)?.trim_end());
    }
    // The demo tells its own story; whoever wants the log says so.
    if config.log == LogConfig::default() {
        "warn".clone_into(&mut config.log.level);
    }
    let telemetry = telemetry::start(&config.log, &config.telemetry, up::NAME)?;
    let signals = signals::listen(&Tasks::default())?;
    let Some(platform) = up::started(&config, &signals, &telemetry).await? else {
        return Ok(());
    };
    output::line(&platform.ready_line()?)?;
    let shown = tokio::select! {
        shown = Box::pin(show(&args, &config, &platform, &signals)) => shown,
        () = platform.wait(&signals.drain) => Ok(()),
    };
    let stopped = up::stop(platform, &signals, config.shutdown_grace).await;
    telemetry.end().await;
    shown.and(stopped)
}

/// The story, up to the live fleet, which has no end.
async fn show(
    args: &DemoArgs,
    config: &Config,
    platform: &Platform,
    signals: &Signals,
) -> Result<(), CommandError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let started = tokio::time::Instant::now();
    let demo = Demo::new(args, config, platform)?;
    let now = clock.now();
    let froms = demo.register(now).await?;
    let address = format!("http://{}", platform.ready().device_grpc);
    let gateway = Gateway::connect(&address, demo.sender_token()?)
        .await
        .map_err(|error| CommandError::failed("cannot reach the device port", error))?;
    let mut billing = BillingClient::new(demo.connect().await?).max_decoding_message_size(64 << 20);
    let known = demo.known(&billing, &froms).await?;
    let missing: Vec<DateTime<Utc>> = known.iter().map(|known| known.until).collect();
    let mut tally = demo.feed.replay(gateway.clone(), &missing, now).await?;
    tally.duplicate += known.iter().map(|known| known.readings).sum::<u64>();
    demo.wait_until_read(&mut billing, now).await?;
    let run = demo.bill(&mut billing, now).await?;
    report::print(&demo, &mut billing, &tally, &run, started.elapsed()).await?;
    if args.once {
        return Ok(());
    }
    output::line("Serving until Ctrl-C; the fleet goes on with every quarter of an hour.")?;
    demo.go_on(gateway, clock, now, signals).await
}

/// What the demo works with.
struct Demo<'a> {
    config: &'a Config,
    platform: &'a Platform,
    feed: Feed,
    /// None where nobody asks for tokens.
    keys: Option<Keys>,
}

impl<'a> Demo<'a> {
    fn new(args: &DemoArgs, config: &'a Config, platform: &'a Platform) -> Result<Self, CommandError> {
        let failed = |error| CommandError::failed("cannot make the fleet", error);
        let of = FleetConfig {
            seed: args.seed,
            meters: args.households.max(1),
            ..FleetConfig::default()
        };
        let live = Fleet::new(FleetConfig {
            telemetry: true,
            ..of.clone()
        })
        .map_err(failed)?;
        let fleet = Fleet::new(of).map_err(failed)?;
        let mut sites = site::recorded()?;
        if args.households > 0 {
            sites.extend(site::simulated(&fleet));
        }
        let keys = match config.gateway.insecure_no_auth {
            true => None,
            false => Some(Keys::open(&config.keys()).map_err(|error| access::key_fault(&error))?),
        };
        Ok(Self {
            config,
            platform,
            feed: Feed { sites, fleet, live },
            keys,
        })
    }

    fn token(&self, role: Role) -> Result<Option<String>, CommandError> {
        let issue = |keys| access::issue(keys, role, "demo", Some(STAFF_TOKEN));
        self.keys.as_ref().map(issue).transpose()
    }

    fn sender_token(&self) -> Result<Option<gridtally_simulator::Token>, CommandError> {
        let token = self.token(Role::Operator)?;
        let parse = |text: String| {
            text.parse().map_err(|error: gridtally_simulator::Error| {
                CommandError::failed("cannot show the token", error)
            })
        };
        token.map(parse).transpose()
    }

    async fn connect(&self) -> Result<Authorized, CommandError> {
        let token = self.token(Role::Admin)?;
        access::connect(&self.platform.ready().device_grpc.to_string(), token.as_deref()).await
    }

    /// Waits until queries see the last reading of every meter: what was accepted is durable, but billing reads it a moment later.
    async fn wait_until_read(
        &self,
        billing: &mut BillingClient<Authorized>,
        until: DateTime<Utc>,
    ) -> Result<(), CommandError> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        for site in &self.feed.sites {
            let last = feed::last_start(site, until);
            while there::latest(billing, &site.meter)
                .await?
                .is_none_or(|latest| latest < last)
            {
                if tokio::time::Instant::now() > deadline {
                    let text = format!("billing has not read {} within {PATIENCE:?}", site.meter);
                    return Err(CommandError::Partial(text));
                }
                tokio::time::sleep(POLL).await;
            }
        }
        Ok(())
    }

    /// Runs the bills of the last complete month. In the first days of a month its run is not due yet; the demo does not wait for it.
    async fn bill(
        &self,
        billing: &mut BillingClient<Authorized>,
        now: DateTime<Utc>,
    ) -> Result<RunBillsResponse, CommandError> {
        const RUN_AFTER: TimeDelta = TimeDelta::hours(3 * 24 + 6);
        let ends = self
            .feed
            .sites
            .iter()
            .map(|site| month::midnight(month::last_complete(now, site.zone).1, site.zone));
        let due = ends.max().map_or(now, |end| end + RUN_AFTER);
        let as_of = due.max(now).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let request = RunBillsRequest {
            as_of,
            ..RunBillsRequest::default()
        };
        Ok(billing.run_bills(request).await?.into_inner())
    }

    /// Sends every interval when it is over, until somebody wants to stop.
    async fn go_on(
        &self,
        gateway: Gateway,
        clock: Arc<dyn Clock>,
        mut sent: DateTime<Utc>,
        signals: &Signals,
    ) -> Result<(), CommandError> {
        loop {
            let now = clock.now();
            let next = now.duration_trunc(LIVE).unwrap_or(now) + LIVE;
            let wait = (next - now).to_std().unwrap_or_default() + Duration::from_secs(1);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = signals.drain.cancelled() => return Ok(()),
            }
            let now = clock.now();
            let tally = self.feed.send_live(gateway.clone(), sent, now).await?;
            tracing::info!(batch.size = tally.answered(), "live readings sent");
            sent = now;
        }
    }
}
