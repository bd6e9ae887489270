//! `gridtally exception ...`

use proto::billing::ListExceptionsRequest;

use super::{all, with};
use crate::cli::ExceptionCommand;
use crate::error::CommandError;
use crate::output::{self, Column};

const EXCEPTIONS: &[Column] = &[
    ("KIND", "kind"),
    ("SUBJECT", "subject"),
    ("STATUS", "status"),
    ("RAISED", "raised_at"),
    ("DETAIL", "detail"),
];

/// Runs `exception ...`.
///
/// # Errors
/// What the platform answers.
pub(crate) async fn run(command: ExceptionCommand) -> Result<(), CommandError> {
    let ExceptionCommand::List { kind, query } = command;
    let exceptions = with(&query.settings, async |access| {
        let mut billing = access.billing();
        all(async |cursor| {
            let request = ListExceptionsRequest {
                kind: kind.clone(),
                cursor,
                limit: 0,
            };
            let page = billing.list_exceptions(request).await?.into_inner();
            Ok((page.items, page.next_cursor))
        })
        .await
    });
    output::list(query.output, EXCEPTIONS, &exceptions.await?)
}
