//! `gridtally up`: the platform until somebody wants it to stop.

use std::time::Duration;

use service_kit::telemetry::{self, Telemetry};
use service_kit::{Signals, Tasks, config, signals};
use tokio_util::sync::CancellationToken;

use crate::cli::UpArgs;
use crate::config::Config;
use crate::error::CommandError;
use crate::output;
use crate::platform::Platform;

/// What the process is called in traces.
pub(crate) const NAME: &str = "gridtally";

/// Runs `up`.
///
/// # Errors
/// What prevents the start, [`CommandError::Broken`] when a vital part fails later, [`CommandError::LeftAtOnce`].
pub(crate) async fn run(args: UpArgs) -> Result<(), CommandError> {
    let config = Config::of_up(&args)?;
    if args.print_config {
        return output::line(config::print(&config)?.trim_end());
    }
    let telemetry = telemetry::start(&config.log, &config.telemetry, NAME)?;
    let signals = signals::listen(&Tasks::default())?;
    let platform = started(&config, &signals, &telemetry).await?;
    let Some(platform) = platform else { return Ok(()) };
    hint(&config);
    output::line(&platform.ready_line()?)?;
    platform.wait(&signals.drain).await;
    let stopped = stop(platform, &signals, config.shutdown_grace).await;
    telemetry.end().await;
    stopped
}

/// A platform, unless somebody wants to stop before it is there.
///
/// # Errors
/// What prevents the start.
pub(crate) async fn started(
    config: &Config,
    signals: &Signals,
    telemetry: &Telemetry,
) -> Result<Option<Platform>, CommandError> {
    tokio::select! {
        platform = Box::pin(Platform::start(config.clone(), telemetry)) => platform.map(Some),
        () = signals.drain.cancelled() => Ok(None),
    }
}

/// Drains within `grace`, or leaves at the second signal.
///
/// # Errors
/// [`CommandError::Broken`] when a vital part had failed, [`CommandError::LeftAtOnce`] when not everything was drained.
pub(crate) async fn stop(platform: Platform, signals: &Signals, grace: Duration) -> Result<(), CommandError> {
    let broken = platform.failed().is_cancelled();
    let leave: &CancellationToken = &signals.leave;
    let drained = tokio::select! {
        drained = platform.stop(grace) => drained,
        () = leave.cancelled() => return Err(CommandError::LeftAtOnce),
    };
    match (broken, drained) {
        (true, _) => Err(CommandError::Broken),
        (false, true) => Ok(()),
        (false, false) => Err(CommandError::LeftAtOnce),
    }
}

/// How to get in.
pub(crate) fn hint(config: &Config) {
    if config.gateway.insecure_no_auth {
        output::note("No tokens are asked for: anybody on this machine may do everything.");
        return;
    }
    let data = config.data.display();
    output::note(&format!(
        "Tokens: gridtally token issue --role device --subject METER_ID --data {data}\n        \
         gridtally token issue --role viewer --subject YOUR_NAME --data {data}"
    ));
}
