//! What a failed request answers: RFC 9457 `application/problem+json` with a stable reason code and the id of the request.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use model::ErrorKind;
use serde::Serialize;
use service_kit::{Fault, fault_of, http_status};
use tonic::Status;
use utoipa::ToSchema;

use crate::auth::AuthError;

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    pub(super) reason: String,
    detail: String,
}

/// What went wrong, as RFC 9457 writes it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Written<'a> {
    /// `urn:gridtally:problem:` and the reason.
    #[serde(rename = "type")]
    kind: String,
    /// The HTTP status in words.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// A sentence for a person.
    detail: &'a str,
    /// Stable upper-case code.
    reason: &'a str,
    /// Of the request, as in the header `x-request-id` and the log.
    request_id: &'a str,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, reason: &str, detail: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.to_owned(),
            detail: detail.into(),
        }
    }

    /// The request is wrong for `reason`.
    pub(crate) fn bad(reason: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason, detail)
    }

    /// The problem of a status that no handler explained, such as that of an unknown path.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (reason, detail) = match status {
            StatusCode::NOT_FOUND => ("NO_SUCH_PATH", "there is nothing at this path"),
            StatusCode::METHOD_NOT_ALLOWED => ("METHOD_NOT_ALLOWED", "this path does not take this method"),
            StatusCode::PAYLOAD_TOO_LARGE => ("BODY_TOO_LARGE", "the body is too large"),
            status if status.is_server_error() => ("INTERNAL", "something went wrong; the log knows what"),
            _ => ("INVALID", "the request cannot be understood"),
        };
        Self::new(status, reason, detail)
    }

    /// The finished answer to request `id`. What is internal is logged under the id, and only the id is shown.
    pub(super) fn answer(self, id: &str) -> Response {
        let status = self.status;
        let mut detail = self.detail.as_str();
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(
                request.id = id,
                reason = self.reason,
                error = detail,
                "request failed"
            );
            detail = "something went wrong; the log knows what under this request id";
        }
        let written = Written {
            kind: format!("urn:gridtally:problem:{}", self.reason),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail,
            reason: &self.reason,
            request_id: id,
        };
        let body = serde_json::to_vec(&written).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::new(http_status(fault.kind), &fault.reason, fault.message)
    }
}

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        let fault = fault_of(&status);
        if fault.kind == ErrorKind::Internal && fault.message.is_empty() {
            return Self::new(http_status(fault.kind), &fault.reason, status.to_string());
        }
        fault.into()
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        error.fault().into()
    }
}

/// Not the answer yet: the door writes it, because it knows the id of the request.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
