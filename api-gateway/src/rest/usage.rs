//! Usage of groups of meters, and everything at a glance.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use proto::analytics::{GroupUsageRequest, GroupUsageResponse, OverviewRequest, OverviewResponse};
use serde::Deserialize;
use tonic::Request;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::answer;
use super::extract::Query;
use super::problem::Problem;
use super::time::{GroupResolution, Range, Usual};

/// The most items of a page of windows.
const MAX_WINDOWS: u32 = 10_000;

/// What meters are grouped by.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Grouping {
    /// The region of the service point.
    Region,
    /// The feeder of the service point.
    Feeder,
    /// The tariff class of the service point.
    TariffClass,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GroupQuery {
    /// What meters are grouped by.
    #[param(inline)]
    by: Grouping,
    /// Length of the windows.
    #[param(inline)]
    resolution: GroupResolution,
    /// RFC 3339, inclusive. Default: a day before `to`.
    #[serde(default)]
    from: Option<String>,
    /// RFC 3339, exclusive. Default: now, or a day after `from` where that is later.
    #[serde(default)]
    to: Option<String>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// At most so many items, 1 to 10,000.
    #[serde(default)]
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
}

/// Usage by region, feeder or tariff class: windows that overlap the range, each whole. A window without readings is left out.
#[utoipa::path(get, path = "/api/v1/usage", tag = "usage", params(GroupQuery),
    responses((status = 200, description = "A page of windows in order of group and time", body = GroupUsageResponse)))]
pub(super) async fn group_usage(
    State(app): State<Arc<App>>,
    Query(query): Query<GroupQuery>,
) -> Result<Json<GroupUsageResponse>, Problem> {
    let (from, to) = (query.from.as_deref(), query.to.as_deref());
    let bounds = (Usual::Day, query.resolution.max_seconds());
    let range = Range::new(from, to, app.clock.now(), bounds)?;
    let by = match query.by {
        Grouping::Region => "region",
        Grouping::Feeder => "feeder",
        Grouping::TariffClass => "tariff_class",
    };
    let asked = GroupUsageRequest {
        by: by.to_owned(),
        resolution: query.resolution.name().to_owned(),
        from: range.from,
        to: range.to,
        cursor: answer::cursor(query.cursor)?,
        limit: answer::limit(query.limit, MAX_WINDOWS)?,
    };
    let usage = app.staff.analytics.group_usage(Request::new(asked)).await?;
    Ok(Json(usage.into_inner()))
}

/// The whole utility at a glance: now, today and this cycle (the calendar month), both by the clock of each service point.
#[utoipa::path(get, path = "/api/v1/overview", tag = "usage",
    responses((status = 200, description = "Sums over all meters", body = OverviewResponse)))]
pub(super) async fn overview(State(app): State<Arc<App>>) -> Result<Json<OverviewResponse>, Problem> {
    let overview = app
        .staff
        .analytics
        .overview(Request::new(OverviewRequest {}))
        .await?;
    Ok(Json(overview.into_inner()))
}
