//! `gridtally register ...`

mod import;

use proto::billing::register_object::Object;
use proto::billing::{ListRegisterRequest, RegisterObject};

use super::{all, with};
use crate::access::Access;
use crate::cli::RegisterCommand;
use crate::error::CommandError;
use crate::output;

/// Runs `register ...`.
///
/// # Errors
/// What the platform answers; [`CommandError::Partial`] when some objects were refused.
pub(crate) async fn run(command: RegisterCommand) -> Result<(), CommandError> {
    match command {
        RegisterCommand::Import { file, dry_run, query } => import::run(&file, dry_run, &query).await,
        RegisterCommand::List { kind, query } => {
            let objects = with(&query.settings, async |access| list(access, &kind).await).await?;
            output::list(query.output, &[("ID", "id"), ("NAME", "name")], &objects)
        }
    }
}

/// Every object of `kind`, as JSON without the name of the kind around it.
///
/// # Errors
/// What the platform answers.
pub(super) async fn list(access: &Access, kind: &str) -> Result<Vec<serde_json::Value>, CommandError> {
    let mut register = access.register();
    let objects = all(async |cursor| {
        let request = ListRegisterRequest {
            kind: kind.to_owned(),
            cursor,
            limit: 0,
        };
        let page = register.list(request).await?.into_inner();
        Ok((page.items, page.next_cursor))
    });
    objects.await?.into_iter().map(bare).collect()
}

/// The object itself, as JSON.
///
/// # Errors
/// [`CommandError::Failed`] when it is none.
pub(super) fn bare(object: RegisterObject) -> Result<serde_json::Value, CommandError> {
    let failed = |error: serde_json::Error| CommandError::failed("cannot show the answer", error);
    Ok(match object.object {
        None => serde_json::Value::Null,
        Some(Object::ServicePoint(object)) => serde_json::to_value(object).map_err(failed)?,
        Some(Object::Meter(object)) => serde_json::to_value(object).map_err(failed)?,
        Some(Object::Installation(object)) => serde_json::to_value(object).map_err(failed)?,
        Some(Object::Account(object)) => serde_json::to_value(object).map_err(failed)?,
        Some(Object::Agreement(object)) => serde_json::to_value(object).map_err(failed)?,
        Some(Object::Calendar(object)) => serde_json::to_value(object).map_err(failed)?,
        Some(Object::Tariff(object)) => serde_json::to_value(object).map_err(failed)?,
        Some(Object::Seller(object)) => serde_json::to_value(object).map_err(failed)?,
    })
}
