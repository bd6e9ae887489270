//! `gridtally register ...`

use std::path::Path;

use proto::billing::register_object::Object;
use proto::billing::{ListRegisterRequest, RegisterObject};
use serde::Serialize;

use super::{all, with};
use crate::access::Access;
use crate::cli::{Query, RegisterCommand};
use crate::error::CommandError;
use crate::output::{self, Column};

const RESULTS: &[Column] = &[
    ("OBJECT", "object"),
    ("ID", "id"),
    ("RESULT", "result"),
    ("MESSAGE", "message"),
];

/// What became of one object of a file.
#[derive(Debug, Serialize)]
struct Outcome {
    object: &'static str,
    id: String,
    result: &'static str,
    message: String,
}

/// Runs `register ...`.
///
/// # Errors
/// What the platform answers; [`CommandError::Partial`] when some objects were refused.
pub(crate) async fn run(command: RegisterCommand) -> Result<(), CommandError> {
    match command {
        RegisterCommand::Import { file, query } => import(&file, &query).await,
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

fn named(object: &Object) -> (&'static str, &str) {
    match object {
        Object::ServicePoint(object) => ("service_point", &object.id),
        Object::Meter(object) => ("meter", &object.id),
        Object::Installation(object) => ("installation", &object.id),
        Object::Account(object) => ("account", &object.id),
        Object::Agreement(object) => ("agreement", &object.id),
        Object::Calendar(object) => ("calendar", &object.id),
        Object::Tariff(object) => ("tariff", &object.id),
        Object::Seller(object) => ("seller", &object.id),
    }
}

async fn import(file: &Path, query: &Query) -> Result<(), CommandError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| CommandError::Invalid(format!("cannot read {}: {error}", file.display())))?;
    let objects: Vec<Object> = serde_json::from_str(&text)
        .map_err(|error| CommandError::Invalid(format!("{}: {error}", file.display())))?;
    let outcomes = with(&query.settings, async |access| {
        let mut outcomes = Vec::new();
        for object in &objects {
            outcomes.push(put(access, object).await);
        }
        Ok(outcomes)
    });
    let outcomes = outcomes.await?;
    output::list(query.output, RESULTS, &outcomes)?;
    let refused = outcomes
        .iter()
        .filter(|outcome| outcome.result == "refused")
        .count();
    if refused == 0 {
        return Ok(());
    }
    Err(CommandError::Partial(format!(
        "{refused} of {} objects were refused",
        outcomes.len()
    )))
}

async fn put(access: &Access, object: &Object) -> Outcome {
    let (kind, id) = named(object);
    let answer = access
        .register()
        .put(RegisterObject {
            object: Some(object.clone()),
        })
        .await;
    let (result, message) = match answer {
        Ok(answer) if answer.get_ref().created => ("created", String::new()),
        Ok(_) => ("replaced", String::new()),
        Err(status) => ("refused", CommandError::from(status).to_string()),
    };
    Outcome {
        object: kind,
        id: id.to_owned(),
        result,
        message,
    }
}
