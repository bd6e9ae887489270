//! `gridtally quarantine ...`

use proto::billing::quarantine_client::QuarantineClient;
use proto::billing::{ListQuarantinedRequest, ReplayQuarantinedRequest};

use super::{all, with};
use crate::cli::QuarantineCommand;
use crate::error::CommandError;
use crate::output::{self, Column};

const MESSAGES: &[Column] = &[
    ("ID", "id"),
    ("KIND", "kind"),
    ("PUBLISHED", "published_at"),
    ("BYTES", "bytes"),
    ("REASON", "reason"),
];

/// Runs `quarantine ...`.
///
/// # Errors
/// What the platform answers.
pub(crate) async fn run(command: QuarantineCommand) -> Result<(), CommandError> {
    match command {
        QuarantineCommand::List { query } => {
            let messages = with(&query.settings, async |access| {
                let mut quarantine = QuarantineClient::new(access.connection());
                all(async |cursor| {
                    let request = ListQuarantinedRequest { cursor, limit: 0 };
                    let page = quarantine.list_quarantined(request).await?.into_inner();
                    Ok((page.items, page.next_cursor))
                })
                .await
            });
            output::list(query.output, MESSAGES, &messages.await?)
        }
        QuarantineCommand::Replay { id, query } => {
            let request = ReplayQuarantinedRequest {
                id: id.unwrap_or_default(),
            };
            let done = with(&query.settings, async |access| {
                let mut quarantine = QuarantineClient::new(access.connection());
                Ok(quarantine.replay_quarantined(request.clone()).await?.into_inner())
            });
            output::one(query.output, &done.await?)
        }
    }
}
