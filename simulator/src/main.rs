//! The program `gridtally-simulator`.

use std::process::ExitCode;

fn main() -> ExitCode {
    gridtally_simulator::main()
}
