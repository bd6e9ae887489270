//! The OpenAPI document: what every request has in common is added here, the rest comes from the handlers.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, Ref, Required,
    ResponseBuilder, SecurityRequirement, Type,
};
use utoipa::{PartialSchema as _, ToSchema as _};

use super::problem::Written;

const BEARER: &str = "bearer";

/// The document without its paths.
pub(super) fn start() -> OpenApi {
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Gridtally staff API")
                .version(env!("CARGO_PKG_VERSION"))
                .license(Some(LicenseBuilder::new().name("MIT").build()))
                .description(Some(
                    "Energy and money are decimal strings, times RFC 3339 with offset. Lists are pages: give `next_cursor` as \
                     `cursor` for the next one. Errors are problem+json with a stable `reason`. Every request that changes \
                     something may be repeated without harm; an `Idempotency-Key` that was used for another request is refused.",
                ))
                .build(),
        )
        .build()
}

/// The operations of a document as (method, path).
pub(super) fn operations(document: &OpenApi) -> Vec<(&'static str, &str)> {
    let mut found = Vec::new();
    for (path, item) in &document.paths.paths {
        let methods = [
            ("GET", item.get.is_some()),
            ("POST", item.post.is_some()),
            ("PUT", item.put.is_some()),
        ];
        found.extend(
            methods
                .into_iter()
                .filter(|(_, there)| *there)
                .map(|(method, _)| (method, path.as_str())),
        );
    }
    found
}

/// The document as it is served.
#[derive(Debug, Clone)]
pub(super) struct Document(Bytes);

impl Document {
    pub(super) fn answer(self) -> Response {
        let json = HeaderValue::from_static("application/json");
        ([(CONTENT_TYPE, json)], self.0).into_response()
    }
}

/// Adds what every operation has: the token, the problems, and the key of requests that change something.
pub(super) fn finished(mut document: OpenApi) -> Document {
    let components = document.components.get_or_insert_default();
    components
        .schemas
        .insert(Written::name().into_owned(), Written::schema());
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("gridtally token issue --role viewer --subject NAME"))
        .build();
    components.add_security_scheme(BEARER, SecurityScheme::Http(scheme));
    document.security = Some(vec![SecurityRequirement::new(BEARER, [] as [&str; 0])]);
    for item in document.paths.paths.values_mut() {
        for operation in operations_mut(item) {
            add_problems(operation);
        }
        if let Some(operation) = &mut item.post {
            add_idempotency_key(operation);
        }
    }
    Document(serde_json::to_vec(&document).unwrap_or_default().into())
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put]
        .into_iter()
        .filter_map(Option::as_mut)
}

fn add_problems(operation: &mut Operation) {
    let content = || {
        ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(Written::name())))
            .build()
    };
    let problems = [
        ("400", "The request is wrong"),
        ("401", "No token, or one that is not valid"),
        ("403", "The token's role may not do this"),
        ("404", "There is no such thing"),
        ("409", "It contradicts what is there"),
        ("412", "It was changed since it was read"),
        ("413", "The body is too large"),
        ("415", "The body is not JSON"),
        ("429", "Too many requests at the same time"),
        (
            "500",
            "Something went wrong; the log knows what under the request id",
        ),
        (
            "503",
            "Something needed is away; the same request may be sent again",
        ),
    ];
    for (status, description) in problems {
        let response = ResponseBuilder::new()
            .description(description)
            .content("application/problem+json", content())
            .build();
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| response.into());
    }
}

fn add_idempotency_key(operation: &mut Operation) {
    let parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "1 to 255 visible characters. Repeating the request does no harm, with or without it; another request under the same \
             key is refused for a day (422, IDEMPOTENCY_KEY_REUSED).",
        ))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build();
    operation
        .parameters
        .get_or_insert_default()
        .push(parameter.into());
}
