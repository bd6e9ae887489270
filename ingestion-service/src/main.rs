//! The program `ingestion-service`.

use std::process::ExitCode;

fn main() -> ExitCode {
    service_kit::program::run::<ingestion_service::IngestionService>()
}
