//! The program `gridtally`: the four services in one process, and the command line.

mod access;
pub mod cli;
mod config;
mod demo;
mod error;
mod input;
mod output;
mod platform;
mod token;
mod up;
mod verb;

use std::process::ExitCode;

use cli::{Cli, Command, ConfigCommand};
use config::Config;
use error::{CommandError, chain};

/// Does what the command line says; the exit code says how it went.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::note(&format!("gridtally: cannot start a runtime: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(Box::pin(dispatch(cli.command)));
    // Whatever still runs was given its time.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(&format!("gridtally: {}", chain(&error)));
            error.exit_code()
        }
    }
}

async fn dispatch(command: Command) -> Result<(), CommandError> {
    match command {
        Command::Up(args) => up::run(args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Token(command) => token::run(command),
        Command::Meter(command) => verb::meter::run(command).await,
        Command::Account(command) => verb::account::run(command).await,
        Command::Tariff(command) => verb::tariff::run(command).await,
        Command::Reading(command) => verb::import::run(command).await,
        Command::Register(command) => verb::register::run(command).await,
        Command::Bill(command) => verb::bill::run(command).await,
        Command::Rate(args) => verb::rate::run(&args),
        Command::Exception(command) => verb::exception::run(command).await,
        Command::Quarantine(command) => verb::quarantine::run(command).await,
        Command::Log(command) => verb::log::run(command),
        Command::Config(ConfigCommand::Check { up }) => check(&up),
    }
}

fn check(args: &cli::UpArgs) -> Result<(), CommandError> {
    let config = Config::of_up(args)?;
    if args.print_config {
        return output::line(service_kit::config::print(&config)?.trim_end());
    }
    output::line("the configuration is right")
}
