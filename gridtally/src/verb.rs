//! The verbs: each asks the platform over its API and prints the answer.

pub(crate) mod account;
mod beside;
pub(crate) mod bill;
pub(crate) mod exception;
pub(crate) mod import;
pub(crate) mod log;
pub(crate) mod meter;
pub(crate) mod quarantine;
pub(crate) mod rate;
pub(crate) mod register;
pub(crate) mod tariff;

use crate::access::Access;
use crate::cli::Settings;
use crate::error::CommandError;

/// Opens the platform for `work` and closes it again, also when the work failed.
async fn with<T>(
    settings: &Settings,
    work: impl AsyncFnOnce(&Access) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let access = Access::open(settings).await?;
    let outcome = work(&access).await;
    access.close().await;
    outcome
}

/// Every item of a list that is answered in pages: `page` gets the cursor, empty at first.
async fn all<T>(
    mut page: impl AsyncFnMut(String) -> Result<(Vec<T>, Option<String>), CommandError>,
) -> Result<Vec<T>, CommandError> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let (more, next) = page(cursor).await?;
        items.extend(more);
        match next {
            Some(next) if !next.is_empty() => cursor = next,
            _ => return Ok(items),
        }
    }
}
