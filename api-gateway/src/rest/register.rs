//! The register: who and what is where, since when. Every kind has the same three or four requests.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use proto::billing::register_object::Object;
use proto::billing::{
    Account, Agreement, Calendar, Installation, ListRegisterRequest, Meter, RegisterKey, RegisterObject,
    Seller, ServicePoint, Tariff,
};
use serde::Serialize;
use tonic::{Code, Request, Status};

use super::App;
use super::answer::{self, List, Page};
use super::extract::{Body, PathId, Query};
use super::problem::Problem;

/// The most items of a page.
const MAX_ITEMS: u32 = 1_000;

/// A kind of thing in the register.
trait Kind: Serialize + Sized {
    /// As the register calls it.
    const NAME: &'static str;

    fn id(&mut self) -> &mut String;

    fn wrap(self) -> Object;

    fn unwrap(object: Object) -> Option<Self>;
}

async fn list<K: Kind>(app: &App, page: Page) -> Result<Json<List<K>>, Problem> {
    let asked = ListRegisterRequest {
        kind: K::NAME.to_owned(),
        cursor: answer::cursor(page.cursor)?,
        limit: answer::limit(page.limit, MAX_ITEMS)?,
    };
    let listed = app.staff.register.list(Request::new(asked)).await?.into_inner();
    let items = listed
        .items
        .into_iter()
        .map(taken_out)
        .collect::<Result<_, _>>()?;
    Ok(Json(List {
        items,
        next_cursor: listed.next_cursor,
    }))
}

async fn get<K: Kind>(app: &App, id: String) -> Result<K, Problem> {
    let key = RegisterKey {
        kind: K::NAME.to_owned(),
        id,
    };
    taken_out(app.staff.register.get(Request::new(key)).await?.into_inner())
}

/// Inserts or replaces; the same again changes nothing.
async fn put<K: Kind>(
    app: &App,
    id: Option<String>,
    mut thing: K,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let in_body = thing.id();
    if let Some(id) = id {
        if in_body.is_empty() {
            *in_body = id;
        } else if *in_body != id {
            return Err(Problem::bad(
                "BAD_ID",
                "the id in the body is not that in the path",
            ));
        }
    }
    if !model::is_valid_id(in_body) {
        return Err(Problem::bad("BAD_ID", "an id is 1 to 64 of A-Z a-z 0-9 . _ : -"));
    }
    let id = in_body.clone();
    if headers.contains_key(http::header::IF_MATCH) {
        answer::check_if_match(headers, current::<K>(app, &id).await?.as_ref())?;
    }
    let object = RegisterObject {
        object: Some(thing.wrap()),
    };
    let put = app.staff.register.put(Request::new(object)).await;
    let put = put.map_err(refused_put)?.into_inner();
    let status = if put.created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    // Read back, because the platform fills in what only it knows, such as the edition of a tariff.
    let kept: K = get(app, id).await?;
    answer::tagged(&HeaderMap::new(), status, &kept)
}

/// What is not found when something is put is what it refers to, not what the path names.
fn refused_put(status: Status) -> Problem {
    if status.code() == Code::NotFound {
        return Problem::new(StatusCode::CONFLICT, "REFERS_TO_NOTHING", status.message());
    }
    status.into()
}

async fn current<K: Kind>(app: &App, id: &str) -> Result<Option<K>, Problem> {
    let key = RegisterKey {
        kind: K::NAME.to_owned(),
        id: id.to_owned(),
    };
    match app.staff.register.get(Request::new(key)).await {
        Ok(object) => taken_out(object.into_inner()).map(Some),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status.into()),
    }
}

fn taken_out<K: Kind>(object: RegisterObject) -> Result<K, Problem> {
    object.object.and_then(K::unwrap).ok_or_else(|| {
        let detail = format!("the register answered with something that is no {}", K::NAME);
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", detail)
    })
}

/// The [`Kind`] of a message and its requests; the macro removes eight copies of the same handlers.
macro_rules! kind {
    ($Message:ident, $name:literal) => {
        impl Kind for $Message {
            const NAME: &'static str = $name;

            fn id(&mut self) -> &mut String {
                &mut self.id
            }

            fn wrap(self) -> Object {
                Object::$Message(self)
            }

            fn unwrap(object: Object) -> Option<Self> {
                match object {
                    Object::$Message(thing) => Some(thing),
                    _ => None,
                }
            }
        }
    };
    ($Message:ident, $name:literal, $module:ident, $path:tt, $one:tt) => {
        kind!($Message, $name);

        pub(super) mod $module {
            use super::*;

            /// A page of them, in order of id.
            #[utoipa::path(get, path = $path, tag = "register", params(Page), operation_id = concat!("list_", $name),
                summary = concat!("Every ", $name, ", in order of id."),
                responses((status = 200, description = "A page", body = List<$Message>)))]
            pub(in crate::rest) async fn all(
                State(app): State<Arc<App>>,
                Query(page): Query<Page>,
            ) -> Result<Json<List<$Message>>, Problem> {
                list(&app, page).await
            }

            /// One of them.
            #[utoipa::path(get, path = $one, tag = "register", operation_id = concat!("get_", $name),
                summary = concat!("One ", $name, "."),
                params(("id" = String, Path, description = "Its id")),
                responses((status = 200, description = "What is registered", body = $Message)))]
            pub(in crate::rest) async fn one(
                State(app): State<Arc<App>>,
                PathId(id): PathId,
                headers: HeaderMap,
            ) -> Result<Response, Problem> {
                let thing: $Message = get(&app, id).await?;
                answer::tagged(&headers, StatusCode::OK, &thing)
            }

            /// Registers or replaces one of them.
            #[utoipa::path(put, path = $one, tag = "register", operation_id = concat!("put_", $name),
                summary = concat!("Registers one ", $name, ", or replaces it; the same again changes nothing."),
                params(("id" = String, Path, description = "Its id")), request_body = $Message,
                responses((status = 200, description = "Replaced", body = $Message),
                    (status = 201, description = "Registered", body = $Message)))]
            pub(in crate::rest) async fn put_one(
                State(app): State<Arc<App>>,
                PathId(id): PathId,
                headers: HeaderMap,
                Body(thing): Body<$Message>,
            ) -> Result<Response, Problem> {
                put(&app, Some(id), thing, &headers).await
            }
        }
    };
}

kind!(Meter, "meter");
kind!(
    ServicePoint,
    "service_point",
    service_points,
    "/api/v1/service-points",
    "/api/v1/service-points/{id}"
);
kind!(
    Account,
    "account",
    accounts,
    "/api/v1/accounts",
    "/api/v1/accounts/{id}"
);
kind!(
    Agreement,
    "agreement",
    agreements,
    "/api/v1/agreements",
    "/api/v1/agreements/{id}"
);
kind!(
    Calendar,
    "calendar",
    calendars,
    "/api/v1/calendars",
    "/api/v1/calendars/{id}"
);
kind!(
    Tariff,
    "tariff",
    tariffs,
    "/api/v1/tariffs",
    "/api/v1/tariffs/{id}"
);
kind!(
    Installation,
    "installation",
    installations,
    "/api/v1/installations",
    "/api/v1/installations/{id}"
);
kind!(
    Seller,
    "seller",
    sellers,
    "/api/v1/sellers",
    "/api/v1/sellers/{id}"
);

/// Registers one meter, or replaces it; the same again changes nothing.
#[utoipa::path(put, path = "/api/v1/meters/{id}", tag = "register", params(("id" = String, Path, description = "Its id")),
    request_body = Meter, responses((status = 200, description = "Replaced", body = Meter),
        (status = 201, description = "Registered", body = Meter)))]
pub(super) async fn put_meter(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    headers: HeaderMap,
    Body(meter): Body<Meter>,
) -> Result<Response, Problem> {
    put(&app, Some(id), meter, &headers).await
}

/// Registers the meter that the body names, or replaces it; the same again changes nothing.
#[utoipa::path(post, path = "/api/v1/meters", tag = "register", request_body = Meter,
    responses((status = 200, description = "Replaced", body = Meter),
        (status = 201, description = "Registered", body = Meter)))]
pub(super) async fn post_meter(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Body(meter): Body<Meter>,
) -> Result<Response, Problem> {
    put(&app, None, meter, &headers).await
}
