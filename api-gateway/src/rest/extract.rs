//! What a handler gets out of a request, with refusals that are problems.

mod named;
mod wording;

use axum::RequestExt as _;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::StatusCode;
use http::request::Parts;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};

use self::named::Named;
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
            Err(rejection) => Err(Problem::bad(
                "BAD_QUERY",
                wording::of_query(&rejection.body_text()),
            )),
        }
    }
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
        let parsed: Result<axum::Json<Object<T>>, JsonRejection> = request.extract().await;
        match parsed {
            Ok(axum::Json(Object(body))) => Ok(Self(body)),
            Err(rejection) => {
                let status = rejection.status();
                Err(match status {
                    StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                        Problem::new(status, "NOT_JSON", "the body must be application/json")
                    }
                    StatusCode::PAYLOAD_TOO_LARGE => Problem::of_status(status),
                    _ => Problem::bad("BAD_BODY", wording::of_body(&rejection.body_text())),
                })
            }
        }
    }
}

/// JSON whose objects have named fields.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(Named(deserializer)).map(Self)
    }
}
