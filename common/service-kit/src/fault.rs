//! One table from what went wrong to what the outside sees.

use std::hash::{BuildHasher as _, RandomState};

use model::ErrorKind;
use tonic::{Code, Status};

/// Metadata of a failed call: the stable reason code.
pub const REASON_KEY: &str = "gridtally-reason";
/// Metadata of `RESOURCE_EXHAUSTED`: milliseconds after which to try again.
pub const RETRY_AFTER_KEY: &str = "retry-after-ms";
/// How the text of an internal fault begins; the id that follows is in the log.
const INTERNAL: &str = "internal error; see the log for ";
/// How long a sender should wait when a bound was reached.
const RETRY_AFTER_MS: &str = "250";

/// A failure as the outside may see it: kind, stable reason, safe text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What it means.
    pub kind: ErrorKind,
    /// Stable upper-case code, e.g. `TARIFF_GAP`.
    pub reason: String,
    /// A sentence that shows nothing internal.
    pub message: String,
}

impl Fault {
    /// A failure of `kind` for `reason`.
    pub fn new(kind: ErrorKind, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind,
            reason: reason.into(),
            message: message.into(),
        }
    }
}

/// The gRPC status of a fault; the reason travels as metadata. An internal fault is logged here with an id, and only the id is shown.
#[must_use]
pub fn status_of(fault: &Fault) -> Status {
    let code = match fault.kind {
        ErrorKind::Invalid => Code::InvalidArgument,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::Conflict => Code::FailedPrecondition,
        ErrorKind::Unauthenticated => Code::Unauthenticated,
        ErrorKind::Denied => Code::PermissionDenied,
        ErrorKind::Exhausted => Code::ResourceExhausted,
        ErrorKind::Unavailable => Code::Unavailable,
        ErrorKind::Internal => Code::Internal,
    };
    let mut status = Status::new(code, shown(fault));
    if let Ok(reason) = fault.reason.parse() {
        status.metadata_mut().insert(REASON_KEY, reason);
    }
    if fault.kind == ErrorKind::Exhausted
        && let Ok(after) = RETRY_AFTER_MS.parse()
    {
        status.metadata_mut().insert(RETRY_AFTER_KEY, after);
    }
    status
}

/// What the outside may read. A fault that came from another service was logged there, and keeps the id it has.
fn shown(fault: &Fault) -> String {
    if fault.kind != ErrorKind::Internal || fault.message.starts_with(INTERNAL) {
        return fault.message.clone();
    }
    let id = RandomState::new().hash_one(&fault.message);
    tracing::error!(
        error.id = format!("{id:016x}"),
        reason = fault.reason,
        error = fault.message,
        "internal fault"
    );
    format!("{INTERNAL}{id:016x}")
}

/// The fault behind a status, whoever made it.
#[must_use]
pub fn fault_of(status: &Status) -> Fault {
    let (kind, reason) = match status.code() {
        Code::InvalidArgument | Code::OutOfRange => (ErrorKind::Invalid, "INVALID"),
        Code::NotFound => (ErrorKind::NotFound, "NOT_FOUND"),
        Code::FailedPrecondition | Code::AlreadyExists | Code::Aborted => (ErrorKind::Conflict, "CONFLICT"),
        Code::Unauthenticated => (ErrorKind::Unauthenticated, "UNAUTHENTICATED"),
        Code::PermissionDenied => (ErrorKind::Denied, "DENIED"),
        Code::ResourceExhausted => (ErrorKind::Exhausted, "EXHAUSTED"),
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => {
            (ErrorKind::Unavailable, "UNAVAILABLE")
        }
        Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss | Code::Unimplemented => {
            (ErrorKind::Internal, "INTERNAL")
        }
    };
    let given = status
        .metadata()
        .get(REASON_KEY)
        .and_then(|value| value.to_str().ok());
    Fault::new(kind, given.unwrap_or(reason), status.message())
}

/// The HTTP status of a kind of error.
#[must_use]
pub fn http_status(kind: ErrorKind) -> http::StatusCode {
    match kind {
        ErrorKind::Invalid => http::StatusCode::BAD_REQUEST,
        ErrorKind::NotFound => http::StatusCode::NOT_FOUND,
        ErrorKind::Conflict => http::StatusCode::CONFLICT,
        ErrorKind::Unauthenticated => http::StatusCode::UNAUTHORIZED,
        ErrorKind::Denied => http::StatusCode::FORBIDDEN,
        ErrorKind::Exhausted => http::StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => http::StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => http::StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The exit code of a program that ended with this kind of error: 1 failed, 2 usage or invalid input, 4 not found, 5 conflict.
#[must_use]
pub fn exit_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Invalid => 2,
        ErrorKind::NotFound => 4,
        ErrorKind::Conflict => 5,
        ErrorKind::Unauthenticated
        | ErrorKind::Denied
        | ErrorKind::Exhausted
        | ErrorKind::Unavailable
        | ErrorKind::Internal => 1,
    }
}

#[cfg(test)]
mod tests;
