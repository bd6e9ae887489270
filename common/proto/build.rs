//! Compiles the .proto files with a pure-Rust compiler, so that no protoc has to be installed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use prost::Message as _;
use prost_types::{FileDescriptorSet, ServiceDescriptorProto};

const FILES: [&str; 6] = [
    "gridtally/meter/v1/meter.proto",
    "gridtally/meter/v1/columns.proto",
    "gridtally/ingestion/v1/ingestion.proto",
    "gridtally/billing/v1/billing.proto",
    "gridtally/assist/v1/assist.proto",
    "gridtally/analytics/v1/analytics.proto",
];

/// Messages that are also the JSON of the staff API and the documents of the stores.
const JSON: &str = "#[derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema)] #[serde(default, deny_unknown_fields)]";

/// A field whose text is JSON, and is shown as such.
const JSON_TEXT: &str = "#[serde(with = \"crate::json_text\", skip_serializing_if = \"String::is_empty\")] #[schema(value_type = Object)]";

#[expect(
    clippy::disallowed_methods,
    reason = "Cargo tells build scripts by the environment"
)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(FILES, ["proto"])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    write_remote(&descriptors, &out)?;
    tonic_prost_build::configure()
        .btree_map(".")
        .message_attribute(".gridtally.billing.v1", JSON)
        .message_attribute(".gridtally.analytics.v1", JSON)
        .field_attribute(".gridtally.billing.v1.LineReads.how", JSON_TEXT)
        .type_attribute("gridtally.billing.v1.RegisterObject.object", "#[derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema)] #[serde(rename_all = \"snake_case\")]")
        .compile_fds(descriptors)?;
    Ok(())
}

/// Writes `remote.rs`: the client of every service whose calls are all unary implements that service's trait, so that who calls a
/// service cannot tell whether it runs in the same process. Streams are for devices, and no service calls another by them.
fn write_remote(descriptors: &FileDescriptorSet, out: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut text = String::new();
    for file in &descriptors.file {
        for service in &file.service {
            let streams = |method: &prost_types::MethodDescriptorProto| {
                method.client_streaming() || method.server_streaming()
            };
            if !service.method.iter().any(streams) {
                write_service(&mut text, file.package(), service)?;
            }
        }
    }
    std::fs::write(out.join("remote.rs"), text)?;
    Ok(())
}

fn write_service(text: &mut String, package: &str, service: &ServiceDescriptorProto) -> std::fmt::Result {
    let name = service.name();
    let module = snake(name);
    let package = rust_path(&format!(".{package}"));
    let client = format!("{package}::{module}_client::{name}Client");
    writeln!(
        text,
        "#[tonic::async_trait]
impl<T> {package}::{module}_server::{name} for {client}<T>
where
    T: tonic::client::GrpcService<tonic::body::Body> + Clone + Send + Sync + 'static,
    T::Error: Into<StdError>,
    T::Future: Send,
    T::ResponseBody: Body<Data = Bytes> + Send + 'static,
    <T::ResponseBody as Body>::Error: Into<StdError> + Send,
{{"
    )?;
    for method in &service.method {
        let call = snake(method.name());
        let (asked, answer) = (rust_path(method.input_type()), rust_path(method.output_type()));
        // By path, the client's own method is called, not this one.
        writeln!(
            text,
            "    async fn {call}(&self, request: Request<{asked}>) -> Result<Response<{answer}>, Status> {{
        {client}::{call}(&mut self.clone(), request).await
    }}"
        )?;
    }
    writeln!(text, "}}\n")
}

/// `.gridtally.billing.v1.Bill` as the path of its generated type.
fn rust_path(proto: &str) -> String {
    format!("crate{}", proto.replace('.', "::"))
}

/// `ListBills` as `list_bills`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
