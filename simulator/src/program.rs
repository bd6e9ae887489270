//! The program: settings in, exit code out. What a command does is in its own module.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use model::{Clock, MeterId, SystemClock};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::{Cli, Command, LoadArgs, ReplayArgs, RunArgs};
use crate::error::Error;
use crate::fleet::Fleet;
use crate::gateway::{Gateway, Sender};
use crate::load::EmptyServer;
use crate::recording::Recording;
use crate::replay::Replay;
use crate::run::Run;

/// The exit code of a program that a second signal ended.
const INTERRUPTED: u8 = 130;

/// Reads the command line, does what it says, and returns the exit code: 0 ok, 1 failed, 2 invalid input, 3 some readings were
/// refused, 4 a file was not found.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::Output);
    let code = match done.and_then(|runtime| runtime.block_on(until_signals(&cli.command))) {
        Ok(code) => code,
        // whoever read the output has seen enough
        Err(Error::Output(error)) if error.kind() == ErrorKind::BrokenPipe => 0,
        Err(error) => {
            complain(&error.chain());
            error.exit_code()
        }
    };
    ExitCode::from(code)
}

/// Runs the command; the first SIGINT or SIGTERM lets it finish what is under way, the second leaves at once.
async fn until_signals(command: &Command) -> Result<u8, Error> {
    let stop = CancellationToken::new();
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Output)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Output)?;
    let signals = async {
        either(&mut interrupt, &mut terminate).await;
        stop.cancel();
        either(&mut interrupt, &mut terminate).await;
    };
    tokio::select! {
        done = perform(command, &stop) => done,
        () = signals => Ok(INTERRUPTED),
    }
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

async fn perform(command: &Command, stop: &CancellationToken) -> Result<u8, Error> {
    match command {
        Command::Run(args) => run(args, stop).await,
        Command::Replay(args) => replay(args, stop).await,
        Command::Load(args) => load(args, stop).await,
    }
}

async fn run(args: &RunArgs, stop: &CancellationToken) -> Result<u8, Error> {
    let run = Run {
        fleet: Fleet::new(args.fleet())?,
        faults: args.faults()?,
        period: args.period(SystemClock.now())?,
        speed: args.speed,
        truth: args.truth.clone(),
    };
    if let Some(listing) = args.dry_run {
        run.list(listing, std::io::BufWriter::new(std::io::stdout().lock()), stop)?;
        return Ok(0);
    }
    let gateway = Gateway::connect(&args.receiver.endpoint, args.receiver.token()?).await?;
    let mut sender = Sender::new(gateway, args.sending.sending(args.seed));
    let summary = run.send(&mut sender, clock(), stop).await?;
    summary.print(args.output, &mut std::io::stdout().lock())?;
    Ok(summary.exit_code())
}

async fn replay(args: &ReplayArgs, stop: &CancellationToken) -> Result<u8, Error> {
    let recording = Recording::open(&args.load)?;
    let replay = Replay {
        recording: match args.into {
            Some(month) => recording.into_month(month, args.zone),
            None => recording.shifted(args.shift_weeks),
        },
        meters: meters(args)?,
        speed: args.speed,
    };
    if let Some(listing) = args.dry_run {
        replay.list(listing, std::io::BufWriter::new(std::io::stdout().lock()), stop)?;
        return Ok(0);
    }
    let gateway = Gateway::connect(&args.receiver.endpoint, args.receiver.token()?).await?;
    let mut sender = Sender::new(gateway, args.sending.sending(0));
    let summary = replay.send(&mut sender, clock(), stop).await?;
    summary.print(args.output, &mut std::io::stdout().lock())?;
    Ok(summary.exit_code())
}

fn meters(args: &ReplayArgs) -> Result<Vec<MeterId>, Error> {
    let ids: Result<Vec<MeterId>, _> = match &args.prefix {
        Some(prefix) => (1..=args.count)
            .map(|number| format!("{prefix}{number:04}").parse())
            .collect(),
        None => args.meters.iter().map(|id| id.parse()).collect(),
    };
    Ok(ids?)
}

async fn load(args: &LoadArgs, stop: &CancellationToken) -> Result<u8, Error> {
    let load = args.load(SystemClock.now())?;
    let server = args.empty_server.then(EmptyServer::start).transpose()?;
    let endpoint = server
        .as_ref()
        .map_or_else(|| args.receiver.endpoint.clone(), EmptyServer::endpoint);
    let token = if args.empty_server {
        None
    } else {
        args.receiver.token()?
    };
    let mut report = load.measure(&endpoint, token, stop).await?;
    report.empty_server = args.empty_server;
    report.print(args.output, &mut std::io::stdout().lock())?;
    if let Some(why) = &report.failed {
        complain(&format!("the load ended early: {why}"));
    }
    Ok(report.exit_code())
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// Says on stderr what went wrong and why.
fn complain(what: &str) {
    // when stderr is gone, there is nobody to tell
    drop(writeln!(std::io::stderr().lock(), "gridtally-simulator: {what}"));
}
