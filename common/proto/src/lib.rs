//! The wire: .proto files and the code generated from them.
//!
//! Beside the generated code stand only [`columns`], how rows go into and come out of a batch in columns, and how a text that is JSON is
//! shown in JSON: both must live with the generated types they belong to. The generated clients implement the traits of the servers: a caller holds an `Arc<dyn Billing>`
//! and cannot tell whether billing runs in its own process.

pub mod columns;
mod json_text;

/// The generated modules, nested as the packages are.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::restriction,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::clone_on_ref_ptr,
    clippy::too_many_lines,
    clippy::allow_attributes_without_reason,
    clippy::doc_markdown,
    clippy::missing_errors_doc,
    reason = "generated; documented in the .proto files"
)]
mod gridtally {
    pub mod meter {
        pub mod v1 {
            tonic::include_proto!("gridtally.meter.v1");
        }
    }
    pub mod ingestion {
        pub mod v1 {
            tonic::include_proto!("gridtally.ingestion.v1");
        }
    }
    pub mod billing {
        pub mod v1 {
            tonic::include_proto!("gridtally.billing.v1");
        }
    }
    pub mod assist {
        pub mod v1 {
            tonic::include_proto!("gridtally.assist.v1");
        }
    }
    pub mod analytics {
        pub mod v1 {
            tonic::include_proto!("gridtally.analytics.v1");
        }
    }
}

/// Clients as services; see `build.rs`.
mod remote {
    use tonic::codegen::{Body, Bytes, StdError};
    use tonic::{Request, Response, Status};

    include!(concat!(env!("OUT_DIR"), "/remote.rs"));
}

pub use gridtally::analytics::v1 as analytics;
pub use gridtally::assist::v1 as assist;
pub use gridtally::billing::v1 as billing;
pub use gridtally::ingestion::v1 as ingestion;
pub use gridtally::meter::v1 as meter;

/// Every message and service, encoded as a `FileDescriptorSet`: for server reflection and for checks of compatibility.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
