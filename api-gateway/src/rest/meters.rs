//! Meters: what is known of them, their readings and their usage.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use proto::billing::{
    GetMeterRequest, GetUsageRequest, GetUsageResponse, ListMetersRequest, ListMetersResponse,
    ListReadingsRequest, ListReadingsResponse, MeterView,
};
use serde::Deserialize;
use tonic::Request;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::answer::{self, Page};
use super::extract::{PathId, Query};
use super::problem::Problem;
use super::time::{MAX_READING_SECONDS, Range, Resolution, Usual};

/// The most items of a page of meters.
const MAX_METERS: u32 = 1_000;
/// The most items of a page of readings.
const MAX_READINGS: u32 = 10_000;

/// What readings are asked for.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ReadChannel {
    /// Energy to the customer.
    #[serde(alias = "IMPORT")]
    Import,
    /// Energy from the customer.
    #[serde(alias = "EXPORT")]
    Export,
    /// Reactive energy.
    #[serde(alias = "REACTIVE")]
    Reactive,
    /// Register reads.
    Register,
    /// Measurements that are never billed.
    Telemetry,
}

impl ReadChannel {
    const fn name(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Export => "export",
            Self::Reactive => "reactive",
            Self::Register => "register",
            Self::Telemetry => "telemetry",
        }
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReadingsQuery {
    /// RFC 3339, inclusive. Default: a day before `to`.
    from: Option<String>,
    /// RFC 3339, exclusive. Default: now, or a day after `from` where that is later.
    to: Option<String>,
    /// Default: every interval channel.
    #[param(inline)]
    channel: Option<ReadChannel>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// At most so many items, 1 to 10,000.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct UsageQuery {
    /// Length of the windows.
    #[param(inline)]
    resolution: Resolution,
    /// RFC 3339, inclusive. Default: a day before `to`, at `1mo` a month: at `1d` and `1mo` that is the day or month under way and the one
    /// before it.
    #[serde(default)]
    from: Option<String>,
    /// RFC 3339, exclusive. Default: now, or a day (at `1mo` a month) after `from` where that is later.
    #[serde(default)]
    to: Option<String>,
}

/// Meters, registered or not, each with its latest reading.
#[utoipa::path(get, path = "/api/v1/meters", tag = "meters", params(Page),
    responses((status = 200, description = "A page of meters", body = ListMetersResponse)))]
pub(super) async fn list_meters(
    State(app): State<Arc<App>>,
    Query(page): Query<Page>,
) -> Result<Json<ListMetersResponse>, Problem> {
    let asked = ListMetersRequest {
        cursor: answer::cursor(page.cursor)?,
        limit: answer::limit(page.limit, MAX_METERS)?,
    };
    let meters = app.staff.billing.list_meters(Request::new(asked)).await?;
    Ok(Json(meters.into_inner()))
}

/// One meter with its latest reading.
#[utoipa::path(get, path = "/api/v1/meters/{id}", tag = "meters", params(("id" = String, Path, description = "Meter id")),
    responses((status = 200, description = "The meter", body = MeterView)))]
pub(super) async fn get_meter(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let meter = app
        .staff
        .billing
        .get_meter(Request::new(GetMeterRequest { id }))
        .await?;
    answer::tagged(&headers, StatusCode::OK, meter.get_ref())
}

/// Readings of one meter in order of time.
#[utoipa::path(get, path = "/api/v1/meters/{id}/readings", tag = "meters",
    params(("id" = String, Path, description = "Meter id"), ReadingsQuery),
    responses((status = 200, description = "A page of readings", body = ListReadingsResponse)))]
pub(super) async fn list_readings(
    State(app): State<Arc<App>>,
    PathId(meter_id): PathId,
    Query(query): Query<ReadingsQuery>,
) -> Result<Json<ListReadingsResponse>, Problem> {
    let (from, to) = (query.from.as_deref(), query.to.as_deref());
    let range = Range::new(from, to, app.clock.now(), (Usual::Day, MAX_READING_SECONDS))?;
    let asked = ListReadingsRequest {
        meter_id,
        from: range.from,
        to: range.to,
        channel: query
            .channel
            .map(|channel| channel.name().to_owned())
            .unwrap_or_default(),
        cursor: answer::cursor(query.cursor)?,
        limit: answer::limit(query.limit, MAX_READINGS)?,
    };
    let readings = app.staff.billing.list_readings(Request::new(asked)).await?;
    Ok(Json(readings.into_inner()))
}

/// Usage of one meter by windows: those that overlap the range, each whole, up to now.
#[utoipa::path(get, path = "/api/v1/meters/{id}/usage", tag = "meters",
    params(("id" = String, Path, description = "Meter id"), UsageQuery),
    responses((status = 200, description = "The windows of the range", body = GetUsageResponse)))]
pub(super) async fn meter_usage(
    State(app): State<Arc<App>>,
    PathId(meter_id): PathId,
    Query(query): Query<UsageQuery>,
) -> Result<Json<GetUsageResponse>, Problem> {
    let (from, to) = (query.from.as_deref(), query.to.as_deref());
    let bounds = (query.resolution.usual(), query.resolution.max_seconds());
    let range = Range::new(from, to, app.clock.now(), bounds)?;
    let asked = GetUsageRequest {
        meter_id,
        resolution: query.resolution.name().to_owned(),
        from: range.from,
        to: range.to,
    };
    let usage = app.staff.billing.get_usage(Request::new(asked)).await?;
    Ok(Json(usage.into_inner()))
}
