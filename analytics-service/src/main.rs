//! The program `analytics-service`.

use std::process::ExitCode;

fn main() -> ExitCode {
    service_kit::program::run::<analytics_service::AnalyticsService>()
}
