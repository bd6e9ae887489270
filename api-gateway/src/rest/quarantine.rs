//! Messages that could not be processed: what is there, and publishing one again once its cause is mended.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use proto::billing::{
    ListQuarantinedRequest, ListQuarantinedResponse, ReplayQuarantinedRequest, ReplayQuarantinedResponse,
};
use tonic::Request;

use super::App;
use super::answer::{self, Page};
use super::extract::{PathId, Query};
use super::problem::Problem;

/// Where quarantined messages are.
pub(super) const QUARANTINE: &str = "/api/v1/quarantine";
/// The most items of a page.
const MAX_ITEMS: u32 = 1_000;

/// Messages that could not be processed, each with its reason.
#[utoipa::path(get, path = "/api/v1/quarantine", tag = "quarantine", params(Page),
    responses((status = 200, description = "A page of messages", body = ListQuarantinedResponse)))]
pub(super) async fn list_quarantined(
    State(app): State<Arc<App>>,
    Query(page): Query<Page>,
) -> Result<Json<ListQuarantinedResponse>, Problem> {
    let asked = ListQuarantinedRequest {
        cursor: answer::cursor(page.cursor)?,
        limit: answer::limit(page.limit, MAX_ITEMS)?,
    };
    let page = app.staff.quarantine.list_quarantined(Request::new(asked)).await?;
    Ok(Json(page.into_inner()))
}

/// Publishes a message again, as it was received, and takes it out of the quarantine; what still cannot be processed comes back. Needs
/// role operator or admin.
#[utoipa::path(post, path = "/api/v1/quarantine/{id}/replay", tag = "quarantine",
    params(("id" = String, Path, description = "Id of the message")),
    responses((status = 200, description = "How many were published again", body = ReplayQuarantinedResponse)))]
pub(super) async fn replay_quarantined(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
) -> Result<Json<ReplayQuarantinedResponse>, Problem> {
    let asked = ReplayQuarantinedRequest { id };
    let done = app
        .staff
        .quarantine
        .replay_quarantined(Request::new(asked))
        .await?;
    Ok(Json(done.into_inner()))
}
