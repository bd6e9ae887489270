//! `gridtally register import`: the objects of a file, many per call, and what became of each.

mod batch;

use std::path::Path;

use model::ErrorKind;
use proto::billing::register_object::Object;
use proto::billing::{PutManyRequest, PutResult, RegisterObject};
use serde::{Deserialize as _, Serialize};
use service_kit::Named;

use super::super::with;
use crate::access::Access;
use crate::cli::Query;
use crate::error::CommandError;
use crate::input;
use crate::output::{self, Column};
use batch::{Batch, in_order, with_what_they_name};

const RESULTS: &[Column] = &[
    ("OBJECT", "object"),
    ("ID", "id"),
    ("RESULT", "result"),
    ("REASON", "reason"),
    ("MESSAGE", "message"),
];
/// What became of an object is not known, because the call failed.
const UNKNOWN: &str = "unknown";
/// The object was not sent, because a call before failed.
const NOT_SENT: &str = "not sent";

/// What became of one object of a file.
#[derive(Debug, Serialize)]
struct Outcome {
    object: &'static str,
    id: String,
    result: String,
    reason: String,
    message: String,
}

/// Puts the objects of a file, or only says what would become of them.
///
/// # Errors
/// [`CommandError::Invalid`] when the file cannot be read as such, [`CommandError::Partial`] when objects were refused.
pub(super) async fn run(file: &Path, dry_run: bool, query: &Query) -> Result<(), CommandError> {
    let objects = read(file)?;
    let outcomes = with(&query.settings, async |access| {
        Ok(send(access, &objects, dry_run).await)
    });
    let outcomes = outcomes.await?;
    output::list(query.output, RESULTS, &outcomes)?;
    report(file, &outcomes, dry_run)
}

fn read(file: &Path) -> Result<Vec<RegisterObject>, CommandError> {
    let text = input::text(file)?;
    let mut json = serde_json::Deserializer::from_str(&text);
    let objects =
        Vec::<Object>::deserialize(Named(&mut json)).and_then(|objects| json.end().map(|()| objects));
    let objects = objects.map_err(|error| CommandError::Invalid(format!("{}: {error}", file.display())))?;
    let wrap = |object| RegisterObject { object: Some(object) };
    Ok(objects.into_iter().map(wrap).collect())
}

fn report(file: &Path, outcomes: &[Outcome], dry_run: bool) -> Result<(), CommandError> {
    let of = |word: &str| outcomes.iter().filter(|outcome| outcome.result == word).count();
    output::note(&format!(
        "{}: {} created, {} replaced, {} unchanged, {} refused{}",
        file.display(),
        of("created"),
        of("replaced"),
        of("unchanged"),
        of("refused"),
        if dry_run {
            "; dry run, nothing was kept"
        } else {
            ""
        },
    ));
    let (refused, lost) = (of("refused"), of(UNKNOWN) + of(NOT_SENT));
    let total = outcomes.len();
    match (refused, lost) {
        (0, 0) => Ok(()),
        (_, 0) => Err(CommandError::Partial(format!(
            "{refused} of {total} objects were refused"
        ))),
        _ => Err(CommandError::Partial(format!(
            "{refused} of {total} objects were refused, and a call failed: {lost} more are not known to be there; import the file again"
        ))),
    }
}

/// One outcome per object. A call that fails for a reason of its own ends it; importing again is safe.
async fn send(access: &Access, objects: &[RegisterObject], dry_run: bool) -> Vec<Outcome> {
    let batches = if dry_run {
        with_what_they_name(objects)
    } else {
        in_order(objects)
    };
    let mut register = access.register();
    let mut results: Vec<Option<PutResult>> = vec![None; objects.len()];
    for batch in batches {
        let request = PutManyRequest {
            objects: batch
                .sent
                .iter()
                .filter_map(|index| objects.get(*index).cloned())
                .collect(),
            dry_run,
        };
        match register.put_many(request).await {
            Ok(answer) => assign(&mut results, &batch, answer.into_inner().results),
            Err(status) => {
                let fault = service_kit::fault_of(&status);
                let (word, goes_on) = match fault.kind {
                    ErrorKind::Invalid | ErrorKind::Exhausted => ("refused", true),
                    _ => (UNKNOWN, false),
                };
                let result = PutResult {
                    result: word.to_owned(),
                    reason: fault.reason,
                    message: fault.message,
                };
                assign(&mut results, &batch, vec![result; batch.sent.len()]);
                if !goes_on {
                    break;
                }
            }
        }
    }
    objects.iter().zip(results).map(outcome).collect()
}

fn assign(results: &mut [Option<PutResult>], batch: &Batch, answers: Vec<PutResult>) {
    for (index, answer) in batch.sent.iter().zip(answers) {
        if let Some(result) = results.get_mut(*index)
            && batch.judged.contains(index)
        {
            *result = Some(answer);
        }
    }
}

fn outcome((object, result): (&RegisterObject, Option<PutResult>)) -> Outcome {
    let (object, id) = object.object.as_ref().map_or(("nothing", ""), batch::named);
    let result = result.unwrap_or_else(|| PutResult {
        result: NOT_SENT.to_owned(),
        ..PutResult::default()
    });
    Outcome {
        object,
        id: id.to_owned(),
        result: result.result,
        reason: result.reason,
        message: result.message,
    }
}
