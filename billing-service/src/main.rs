//! The program `billing-service`.

use std::process::ExitCode;

fn main() -> ExitCode {
    service_kit::program::run::<billing_service::BillingService>()
}
