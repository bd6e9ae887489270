//! `gridtally account ...`

use proto::billing::RegisterKey;

use super::{register, with};
use crate::cli::AccountCommand;
use crate::error::CommandError;
use crate::output::{self, Column};

const ACCOUNTS: &[Column] = &[
    ("ACCOUNT", "id"),
    ("NAME", "name"),
    ("CURRENCY", "currency"),
    ("LANGUAGE", "language"),
];

/// Runs `account ...`.
///
/// # Errors
/// What the platform answers.
pub(crate) async fn run(command: AccountCommand) -> Result<(), CommandError> {
    match command {
        AccountCommand::List { query } => {
            let accounts = with(&query.settings, async |access| {
                register::list(access, "account").await
            })
            .await?;
            output::list(query.output, ACCOUNTS, &accounts)
        }
        AccountCommand::Show { id, query } => {
            let key = RegisterKey {
                kind: "account".to_owned(),
                id,
            };
            let account = with(&query.settings, async |access| {
                register::bare(access.register().get(key.clone()).await?.into_inner())
            });
            output::one(query.output, &account.await?)
        }
    }
}
