//! A service as a program of its own: flags, configuration, log, health and metrics, the ready line, and an end in order.
//!
//! A service's `main` names its [`Program`]; everything that all of them do in the same way is here.

mod error;
mod flags;
mod process;
mod settings;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::config::{self, Configuration, Layers};
use crate::{KitError, Monitor, Readiness, Signals, Tasks, chain, signals, telemetry};

pub use error::ProgramError;
pub use flags::Flag;
pub use process::{Process, Started};
pub use settings::{Common, MetricsConfig};

/// A service as a program.
pub trait Program {
    /// Everything that can be set; the default runs.
    type Config: Configuration + Clone + Send;
    /// The program's name.
    const NAME: &'static str;
    /// One line for `--help`.
    const ABOUT: &'static str;
    /// Flags beside those that every program has.
    const FLAGS: &'static [Flag];

    /// What of the configuration the chassis needs.
    fn common(config: &Self::Config) -> Common<'_>;

    /// Starts the service; when this returns, every port is bound and served.
    ///
    /// # Errors
    /// [`ProgramError`]: what prevents the start.
    fn start(
        config: Self::Config,
        process: Process,
    ) -> impl Future<Output = Result<Started, ProgramError>> + Send;
}

/// Runs the program `P` to its end; the exit code says how it went: 0 ok, 1 failed, 2 usage or invalid settings, 4 no such
/// file, 5 conflict.
#[must_use]
pub fn run<P: Program>() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(P::NAME, &error, ExitCode::FAILURE),
    };
    let outcome = runtime.block_on(Box::pin(live::<P>()));
    // Whatever still runs was given its time.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(P::NAME, &error, error.exit_code()),
    }
}

async fn live<P: Program>() -> Result<(), ProgramError> {
    let given = flags::given(P::NAME, P::ABOUT, P::FLAGS);
    let settings: P::Config = config::load(&Layers {
        file: given.file.as_deref(),
        environment: config::environment(),
        flags: given.settings,
    })?;
    if given.print_config {
        return say(config::print(&settings)?.trim_end());
    }
    let common = P::common(&settings);
    let (grace, listen) = (common.shutdown_grace, common.metrics.listen);
    let telemetry = telemetry::start(common.log, common.telemetry, P::NAME)?;
    let signals = signals::listen(&Tasks::default())?;
    let monitor = Monitor::bind(listen).await?;
    let metrics = monitor.address();
    let process = Process::new(metrics, telemetry.sampler());
    telemetry.register(&process.registry)?;
    let monitoring = Tasks::new(process.failed.clone());
    monitor.serve(process.registry.clone(), process.readiness.clone(), &monitoring)?;
    let (failed, readiness) = (process.failed.clone(), process.readiness.clone());
    let looking_after = process.tasks.clone();
    let started = tokio::select! {
        started = P::start(settings, process) => started?,
        () = signals.drain.cancelled() => return Ok(()),
    };
    readiness.set(true);
    tracing::info!(program = P::NAME, "ready");
    say(&started.ready_line(metrics))?;
    tokio::select! {
        () = signals.drain.cancelled() => {}
        () = failed.cancelled() => {}
    }
    let outcome = end(started, &readiness, &signals, (grace, &failed)).await;
    // Neither looking after others nor a scrape is worth waiting for.
    looking_after.drain(Duration::ZERO).await;
    monitoring.drain(Duration::ZERO).await;
    telemetry.end().await;
    outcome
}

/// Drains within `grace`, or leaves at the second signal.
async fn end(
    started: Started,
    readiness: &Readiness,
    signals: &Signals,
    (grace, failed): (Duration, &CancellationToken),
) -> Result<(), ProgramError> {
    let broken = failed.is_cancelled();
    readiness.set(false);
    let drained = tokio::select! {
        drained = started.stop(grace) => drained,
        () = signals.leave.cancelled() => return Err(ProgramError::LeftAtOnce),
    };
    tracing::info!(drained, "stopped");
    match (broken, drained) {
        (true, _) => Err(ProgramError::Broken),
        (false, true) => Ok(()),
        (false, false) => Err(ProgramError::LeftAtOnce),
    }
}

/// One line on standard output.
fn say(text: &str) -> Result<(), ProgramError> {
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    written.map_err(|source| {
        let what = "standard output";
        let source = source.into();
        ProgramError::Kit(KitError::Setup { what, source })
    })
}

fn failed(name: &str, error: &dyn std::error::Error, code: ExitCode) -> ExitCode {
    let text = chain(error);
    // Without standard error there is nobody left to tell; the code says it.
    drop(writeln!(std::io::stderr(), "{name}: {text}"));
    code
}
