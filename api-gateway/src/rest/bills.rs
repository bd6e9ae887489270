//! Bills, why they are what they are, bill runs, and what a person must look at.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};
use http::{HeaderMap, StatusCode};
use proto::billing::{
    Bill, ExplainBillRequest, ExplainBillResponse, GetBillRequest, ListBillsRequest, ListBillsResponse,
    ListExceptionsRequest, ListExceptionsResponse, RunBillsRequest, RunBillsResponse,
};
use serde::Deserialize;
use tonic::Request;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::answer;
use super::extract::{Body, PathId, Query};
use super::problem::Problem;
use super::time;
use crate::auth::Identity;

/// Where bill runs are started.
pub(super) const BILL_RUNS: &str = "/api/v1/bill-runs";
/// The most items of a page.
const MAX_ITEMS: u32 = 1_000;

/// Where a bill is in its life.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum BillStatus {
    /// Of a cycle that is not over: not a bill yet.
    Open,
    /// Of a cycle that is over, not issued.
    Draft,
    /// Numbered and unchangeable.
    Issued,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct BillsQuery {
    /// Only bills of this agreement.
    agreement_id: Option<String>,
    /// Only bills of this account.
    account_id: Option<String>,
    /// Only bills in this state.
    #[param(inline)]
    status: Option<BillStatus>,
    /// Only bills that this meter's readings enter.
    meter_id: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// At most so many items, 1 to 1,000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExplainQuery {
    /// Only this line. Default: all.
    line: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExceptionsQuery {
    /// Only of this kind, for example `UNKNOWN_METER`.
    kind: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// At most so many items, 1 to 1,000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// What bills shall be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BillRun {
    /// RFC 3339: bills every cycle that is due by then and has ended by now. Default: now.
    #[serde(default)]
    as_of: Option<String>,
    /// Only says what would be issued.
    #[serde(default)]
    dry_run: bool,
}

/// An optional filter that is an id.
fn id_filter(key: &str, id: Option<String>) -> Result<String, Problem> {
    match id {
        None => Ok(String::new()),
        Some(id) if model::is_valid_id(&id) => Ok(id),
        Some(_) => Err(Problem::bad(
            "BAD_ID",
            format!("{key} is 1 to 64 of A-Z a-z 0-9 . _ : -"),
        )),
    }
}

/// Bills in a stable order.
#[utoipa::path(get, path = "/api/v1/bills", tag = "bills", params(BillsQuery),
    responses((status = 200, description = "A page of bills", body = ListBillsResponse)))]
pub(super) async fn list_bills(
    State(app): State<Arc<App>>,
    Query(query): Query<BillsQuery>,
) -> Result<Json<ListBillsResponse>, Problem> {
    let status = match query.status {
        None => "",
        Some(BillStatus::Open) => "open",
        Some(BillStatus::Draft) => "draft",
        Some(BillStatus::Issued) => "issued",
    };
    let asked = ListBillsRequest {
        agreement_id: id_filter("agreement_id", query.agreement_id)?,
        account_id: id_filter("account_id", query.account_id)?,
        status: status.to_owned(),
        meter_id: id_filter("meter_id", query.meter_id)?,
        cursor: answer::cursor(query.cursor)?,
        limit: answer::limit(query.limit, MAX_ITEMS)?,
    };
    let bills = app.staff.billing.list_bills(Request::new(asked)).await?;
    Ok(Json(bills.into_inner()))
}

/// One bill.
#[utoipa::path(get, path = "/api/v1/bills/{id}", tag = "bills", params(("id" = String, Path, description = "Bill id")),
    responses((status = 200, description = "The bill", body = Bill)))]
pub(super) async fn get_bill(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let bill = app
        .staff
        .billing
        .get_bill(Request::new(GetBillRequest { id }))
        .await?;
    answer::tagged(&headers, StatusCode::OK, bill.get_ref())
}

/// The lines of a bill, each with a sentence and the readings behind it.
#[utoipa::path(get, path = "/api/v1/bills/{id}/explain", tag = "bills",
    params(("id" = String, Path, description = "Bill id"), ExplainQuery),
    responses((status = 200, description = "The bill explained", body = ExplainBillResponse)))]
pub(super) async fn explain_bill(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    Query(query): Query<ExplainQuery>,
) -> Result<Json<ExplainBillResponse>, Problem> {
    let asked = ExplainBillRequest {
        id,
        line: query.line.unwrap_or_default(),
    };
    let explained = app.staff.billing.explain_bill(Request::new(asked)).await?;
    Ok(Json(explained.into_inner()))
}

/// Issues every bill that is due and ready; those that are not are listed with their reasons. Run again it finds its bills issued, so a
/// repetition does no harm.
#[utoipa::path(post, path = "/api/v1/bill-runs", tag = "bills", request_body = BillRun,
    responses((status = 200, description = "What was issued and what is held", body = RunBillsResponse)))]
pub(super) async fn run_bills(
    State(app): State<Arc<App>>,
    Extension(identity): Extension<Identity>,
    Body(run): Body<BillRun>,
) -> Result<Json<RunBillsResponse>, Problem> {
    let as_of = run.as_of.map(|text| time::instant("as_of", &text)).transpose()?;
    let asked = RunBillsRequest {
        as_of: as_of.map(|as_of| as_of.to_rfc3339()).unwrap_or_default(),
        dry_run: run.dry_run,
        actor: identity.subject.to_string(),
    };
    Ok(Json(app.staff.run_bills(asked).await?.into_inner()))
}

/// What a person must look at.
#[utoipa::path(get, path = "/api/v1/exceptions", tag = "bills", params(ExceptionsQuery),
    responses((status = 200, description = "A page of exceptions", body = ListExceptionsResponse)))]
pub(super) async fn list_exceptions(
    State(app): State<Arc<App>>,
    Query(query): Query<ExceptionsQuery>,
) -> Result<Json<ListExceptionsResponse>, Problem> {
    let asked = ListExceptionsRequest {
        kind: id_filter("kind", query.kind)?,
        cursor: answer::cursor(query.cursor)?,
        limit: answer::limit(query.limit, MAX_ITEMS)?,
    };
    let exceptions = app.staff.billing.list_exceptions(Request::new(asked)).await?;
    Ok(Json(exceptions.into_inner()))
}
