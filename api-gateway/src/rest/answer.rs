//! What a request answers when it works: JSON, and an `ETag` where it is about one object.

use aws_lc_rs::digest;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::Problem;

/// Bytes of the hash that is a tag.
const TAG_BYTES: usize = 16;
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
    /// Given as `cursor` it asks for the next page; null after the last.
    pub(super) next_cursor: Option<String>,
}

/// What a list is asked for with.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// `next_cursor` of the page before.
    pub(super) cursor: Option<String>,
    /// At most so many items, 1 to 1,000.
    #[param(minimum = 1, maximum = 1000)]
    pub(super) limit: Option<u32>,
}

/// The limit of a page as the services take it: 0 is their default.
pub(super) fn limit(asked: Option<u32>, most: u32) -> Result<u32, Problem> {
    match asked {
        None => Ok(0),
        Some(limit) if (1..=most).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::bad("BAD_LIMIT", format!("limit is 1 to {most}"))),
    }
}

/// A cursor as the services take it.
pub(super) fn cursor(asked: Option<String>) -> Result<String, Problem> {
    const MAX_CURSOR_BYTES: usize = 512;
    match asked {
        Some(cursor) if cursor.len() > MAX_CURSOR_BYTES => {
            Err(Problem::bad("BAD_CURSOR", "a cursor is what next_cursor said"))
        }
        asked => Ok(asked.unwrap_or_default()),
    }
}

/// `body` with its tag; 304 without a body when whoever asked has this version already.
pub(super) fn tagged<T: Serialize>(
    headers: &HeaderMap,
    status: StatusCode,
    body: &T,
) -> Result<Response, Problem> {
    let bytes = encode(body)?;
    let tag = tag_of(&bytes);
    let value =
        HeaderValue::from_str(&tag).map_err(|_| Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR))?;
    let known = status == StatusCode::OK
        && headers
            .get_all(IF_NONE_MATCH)
            .iter()
            .any(|given| names(given, &tag));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        (status, [(CONTENT_TYPE, JSON)], bytes).into_response()
    };
    response.headers_mut().insert(ETAG, value);
    // Customers' data: kept by nobody but the one who asked, and looked at again each time.
    let cache = HeaderValue::from_static("private, no-cache");
    response.headers_mut().insert(CACHE_CONTROL, cache);
    Ok(response)
}

/// Whether a change may go on: `If-Match` names the version that is there, or is not given. A check, not a lock: of two changes at the
/// same moment the later one stands.
pub(super) fn check_if_match<T: Serialize>(headers: &HeaderMap, current: Option<&T>) -> Result<(), Problem> {
    let Some(given) = headers.get(IF_MATCH) else {
        return Ok(());
    };
    let matches = match current {
        Some(current) => names(given, &tag_of(&encode(current)?)),
        None => false,
    };
    if matches {
        Ok(())
    } else {
        Err(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "CHANGED_MEANWHILE",
            "somebody changed it since it was read; read it again",
        ))
    }
}

fn encode<T: Serialize>(body: &T) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(body)
        .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", error.to_string()))
}

fn tag_of(bytes: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, bytes);
    let short = digest.as_ref().get(..TAG_BYTES).unwrap_or_default();
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(short))
}

/// Whether the header's value, a list of tags or `*`, names `tag`.
fn names(given: &HeaderValue, tag: &str) -> bool {
    given.to_str().is_ok_and(|given| {
        given
            .split(',')
            .map(|one| one.trim().trim_start_matches("W/"))
            .any(|one| one == tag || one == "*")
    })
}

#[cfg(test)]
mod tests;
