//! The staff API over HTTP under `/api/v1`, its OpenAPI document, and a page that says where things are.
//!
//! The JSON is that of the gRPC messages. Routes and document are made by the same call, so that neither can have what the other has not.

mod answer;
mod bills;
mod document;
mod door;
mod extract;
mod meters;
mod page;
mod problem;
mod quarantine;
mod readings;
mod register;
mod repetition;
mod time;
mod usage;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use model::Clock;
use service_kit::trace::Sampler;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Gate;
use crate::device::Intake;
use crate::metrics::Metrics;
use crate::staff::Staff;
use door::Door;
pub(crate) use repetition::Keys;

/// The largest body: 1,000 readings, or a tariff with its prices.
const MAX_BODY_BYTES: usize = 1 << 20;

/// What handlers work with.
pub(crate) struct App {
    pub(crate) staff: Staff,
    pub(crate) intake: Intake,
    pub(crate) gate: Gate,
    pub(crate) sampler: Sampler,
    pub(crate) keys: Keys,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
}

/// Everything that is served on the staff port.
pub(crate) fn router(app: App) -> Router {
    let app = Arc::new(app);
    let (api, document) = api().split_for_parts();
    for (method, path) in document::operations(&document) {
        app.metrics.expect_route(method, path);
    }
    let document = document::finished(document);
    let door = Door::new(app.metrics.clone(), app.clock.now_ms().unsigned_abs());
    api.route_layer(from_fn_with_state(Arc::clone(&app), door::admit))
        .route("/api/openapi.json", get(async || document.answer()))
        .route("/", get(page::root))
        .route("/healthz", get(page::health))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(Arc::new(door), door::around))
        .with_state(app)
}

/// The routes that need a token.
fn api() -> OpenApiRouter<Arc<App>> {
    use register::{accounts, agreements, calendars, installations, sellers, service_points, tariffs};
    OpenApiRouter::with_openapi(document::start())
        .routes(routes!(meters::list_meters, register::post_meter))
        .routes(routes!(meters::get_meter, register::put_meter))
        .routes(routes!(meters::list_readings))
        .routes(routes!(meters::meter_usage))
        .routes(routes!(readings::send_readings))
        .routes(routes!(usage::group_usage))
        .routes(routes!(usage::overview))
        .routes(routes!(bills::list_bills))
        .routes(routes!(bills::get_bill))
        .routes(routes!(bills::explain_bill))
        .routes(routes!(bills::run_bills))
        .routes(routes!(bills::list_exceptions))
        .routes(routes!(quarantine::list_quarantined))
        .routes(routes!(quarantine::replay_quarantined))
        .routes(routes!(service_points::all))
        .routes(routes!(service_points::one, service_points::put_one))
        .routes(routes!(accounts::all))
        .routes(routes!(accounts::one, accounts::put_one))
        .routes(routes!(agreements::all))
        .routes(routes!(agreements::one, agreements::put_one))
        .routes(routes!(calendars::all))
        .routes(routes!(calendars::one, calendars::put_one))
        .routes(routes!(tariffs::all))
        .routes(routes!(tariffs::one, tariffs::put_one))
        .routes(routes!(installations::all))
        .routes(routes!(installations::one, installations::put_one))
        .routes(routes!(sellers::all))
        .routes(routes!(sellers::one, sellers::put_one))
}

#[cfg(test)]
mod tests;
