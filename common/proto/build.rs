//! Compiles the .proto files with a pure-Rust compiler, so that no protoc has to be installed.

use std::path::PathBuf;

use prost::Message as _;

const FILES: [&str; 5] = [
    "gridtally/meter/v1/meter.proto",
    "gridtally/meter/v1/columns.proto",
    "gridtally/ingestion/v1/ingestion.proto",
    "gridtally/billing/v1/billing.proto",
    "gridtally/analytics/v1/analytics.proto",
];

/// Messages that are also the JSON of the staff API and the documents of the stores.
const JSON: &str = "#[derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema)] #[serde(default, deny_unknown_fields)]";

#[expect(
    clippy::disallowed_methods,
    reason = "Cargo tells build scripts by the environment"
)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(FILES, ["proto"])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?).join("descriptors.bin");
    std::fs::write(&out, descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .btree_map(".")
        .message_attribute(".gridtally.billing.v1", JSON)
        .message_attribute(".gridtally.analytics.v1", JSON)
        .type_attribute("gridtally.billing.v1.RegisterObject.object", "#[derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema)] #[serde(rename_all = \"snake_case\")]")
        .compile_fds(descriptors)?;
    Ok(())
}
