//! The program `gridtally`.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    gridtally::run(gridtally::cli::Cli::parse())
}
