//! The program `api-gateway`.

use std::process::ExitCode;

fn main() -> ExitCode {
    service_kit::program::run::<api_gateway::ApiGateway>()
}
