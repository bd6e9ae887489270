//! What a handler gets out of a request, with refusals that are problems.

use axum::RequestExt as _;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// The longest id in a path: that of a bill is an agreement's, a date and a revision.
const MAX_PATH_ID: usize = 128;

/// The query; a parameter nobody knows is refused, because a misspelt filter would show too much.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let parsed: Result<axum::extract::Query<T>, QueryRejection> =
            axum::extract::Query::from_request_parts(parts, state).await;
        match parsed {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(rejection) => Err(Problem::bad("BAD_QUERY", sentence(&rejection.body_text()))),
        }
    }
}

/// What the deserializer says about a query, in words of whoever wrote the query. It names the parameter, then what is wrong with it.
fn sentence(said: &str) -> String {
    const UNCLEAR: &str = "the query cannot be understood; /api/openapi.json lists its parameters";
    let said = said
        .strip_prefix("Failed to deserialize query string: ")
        .unwrap_or(said);
    let quoted: Vec<&str> = said.split('`').skip(1).step_by(2).collect();
    let (first, rest) = match quoted.split_first() {
        Some((first, rest)) => (*first, rest.join(", ")),
        None => ("", String::new()),
    };
    let wrong = |what: &str| said.contains(what);
    let key = said
        .split_once(": ")
        .map(|(key, _)| key)
        .filter(|key| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
    if wrong("unknown field") {
        let there = if quoted.len() > 2 { "there are" } else { "there is" };
        return format!("there is no parameter {} here; {there} {rest}", shortened(first));
    }
    if wrong("missing field") {
        return format!("the parameter {first} is missing");
    }
    if wrong("duplicate field") {
        return format!("{first} is given more than once");
    }
    match key {
        Some(key) if wrong("unknown variant") => format!("{key} must be one of {rest}"),
        Some(key) if wrong("digit") || wrong("number") || wrong("integer") => {
            format!("{key} must be a positive whole number")
        }
        Some(key) => format!("{key} has no value that can be understood"),
        None => UNCLEAR.to_owned(),
    }
}

/// The beginning of what somebody typed.
fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

/// The only variable of a path: an id.
pub(super) struct PathId(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let id = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        let Ok(axum::extract::Path(id)) = id else {
            return Err(Problem::bad("BAD_ID", "the id in the path is not text"));
        };
        let visible = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
        if (1..=MAX_PATH_ID).contains(&id.len()) && id.bytes().all(visible) {
            Ok(Self(id))
        } else {
            Err(Problem::bad("BAD_ID", "an id is made of A-Z a-z 0-9 . _ : -"))
        }
    }
}

/// The body, as JSON.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned + 'static, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let parsed: Result<axum::Json<T>, JsonRejection> = request.extract().await;
        match parsed {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(rejection) => {
                let status = rejection.status();
                Err(match status {
                    StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                        Problem::new(status, "NOT_JSON", "the body must be application/json")
                    }
                    StatusCode::PAYLOAD_TOO_LARGE => Problem::of_status(status),
                    _ => Problem::bad("BAD_BODY", rejection.body_text()),
                })
            }
        }
    }
}
