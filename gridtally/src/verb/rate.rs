//! `gridtally rate`: bills offline, from case files (`RATING` 1.7) or a tariff and a load. No platform, no store, no clock.

mod files;
mod show;

use std::collections::BTreeSet;
use std::path::Path;

use tariff_engine::case::{Bills, Case, CaseError, Files, Given, Subject, is_record, parse_cycle};

use super::beside::Beside;
use crate::cli::{BesideArgs, RateArgs};
use crate::error::{CommandError, chain};
use crate::input;
use crate::output;

/// What to give the command; without any of it nothing is known to rate.
const FORMS: &str =
    "nothing to rate: --case FILE, --case-dir DIR with --out-dir DIR, or --tariff FILE with --load FILE";

/// Runs `rate`.
///
/// # Errors
/// [`CommandError::Invalid`] for what is wrong with or cannot be priced of the files, [`CommandError::Input`] for one that cannot be read,
/// [`CommandError::Partial`] for a folder of cases of which some have bills, [`CommandError::Unwritten`] if some of those have no file.
pub(crate) fn run(args: &RateArgs) -> Result<(), CommandError> {
    if args.tariff.is_none() && args.beside != BesideArgs::default() {
        return Err(CommandError::Invalid(
            "--tz, --prices, --value and --events belong to --tariff; a case names its own".to_owned(),
        ));
    }
    if let (Some(folder), Some(out)) = (&args.case_dir, &args.out_dir) {
        return many(folder, out, args.data.as_deref());
    }
    let bills = match (&args.case, &args.tariff, &args.load) {
        (Some(case), _, _) => of_case(case, args.data.as_deref())?,
        (None, Some(tariff), Some(load)) => of_load(tariff, load, args)?,
        _ => return Err(CommandError::Invalid(FORMS.to_owned())),
    };
    match &args.out {
        None => show::print(&bills, args.output, args.explain),
        Some(path) => files::write(path, &show::json(&bills)?),
    }
}

/// The bills of one case file.
fn of_case(path: &Path, data: Option<&Path>) -> Result<Bills, CommandError> {
    let case = Case::parse(&input::text(path)?).map_err(|problems| wrong(path, &problems))?;
    let folder = files::data_folder(path, data);
    let tariff_path = match &case.paths.tariff {
        Some(name) => folder.join(name),
        None => path.with_file_name("tariff.json"),
    };
    let text = |name: &Option<String>| {
        name.as_ref()
            .map(|name| input::text(&folder.join(name)))
            .transpose()
    };
    let (load, prices) = (text(&case.paths.load)?, text(&case.paths.prices)?);
    let texts = Files {
        tariff: &input::text(&tariff_path)?,
        load: load.as_deref(),
        prices: prices.as_deref(),
    };
    case.bills(texts).map_err(|error| wrong(path, &error))
}

/// Every case of a folder. One that is wrong, or whose bills cannot be written, does not keep the others from theirs.
fn many(folder: &Path, out: &Path, data: Option<&Path>) -> Result<(), CommandError> {
    files::make(out)?;
    let (mut wrong, mut unwritten) = (Vec::new(), Vec::new());
    let (mut ids, mut written) = (BTreeSet::new(), 0_usize);
    let paths = files::cases(folder)?;
    for path in &paths {
        match of_case(path, data) {
            Ok(bills) if !files::is_name(&bills.case) => {
                wrong.push(format!("{}: the id cannot name a file", path.display()));
            }
            Ok(bills) if !ids.insert(bills.case.clone()) => {
                wrong.push(format!(
                    "{}: another case has the id {}",
                    path.display(),
                    bills.case
                ));
            }
            Ok(bills) => {
                let file = out.join(format!("{}.json", bills.case));
                match show::json(&bills).and_then(|text| files::write(&file, &text)) {
                    Ok(()) => written += 1,
                    Err(error) => unwritten.push(format!("{}: {}", path.display(), chain(&error))),
                }
            }
            Err(error) => wrong.push(chain(&error)),
        }
    }
    if !unwritten.is_empty() {
        return Err(CommandError::Unwritten([wrong, unwritten].concat().join("\n")));
    }
    if wrong.is_empty() {
        return output::line(&format!("{} cases", paths.len()));
    }
    let reasons = wrong.join("\n");
    Err(if written == 0 {
        CommandError::Invalid(reasons)
    } else {
        CommandError::Partial(reasons)
    })
}

/// The bills of a tariff and a load.
fn of_load(tariff: &Path, load: &Path, args: &RateArgs) -> Result<Bills, CommandError> {
    let cycle = args.cycle.as_deref().map(parse_cycle).transpose();
    let cycle = cycle.map_err(|reason| CommandError::Invalid(format!("--cycle {reason}")))?;
    let (tariff_text, load_text) = (input::text(tariff)?, input::text(load)?);
    let beside = Beside::read(&args.beside)?;
    beside.check([tariff_text.as_str()].into_iter())?;
    let about = |error: &CaseError| match error.about() {
        Subject::Load => wrong(load, error),
        Subject::Prices => wrong(args.beside.prices.as_deref().unwrap_or(tariff), error),
        Subject::Case | Subject::Tariff => wrong(tariff, error),
    };
    if is_record(&tariff_text) && beside.zone.is_none() {
        return Err(wrong(tariff, &"a rate record needs a time zone (--tz)"));
    }
    let given = Given {
        zone: beside.zone,
        cycle,
        values: beside.values,
        events: beside.events,
    };
    let case = Case::of_load(&tariff_text, &load_text, given).map_err(|error| about(&error))?;
    let texts = Files {
        tariff: &tariff_text,
        load: Some(&load_text),
        prices: beside.prices.as_deref(),
    };
    case.bills(texts).map_err(|error| about(&error))
}

fn wrong(path: &Path, what: &dyn std::fmt::Display) -> CommandError {
    CommandError::Invalid(format!("{}: {what}", path.display()))
}

#[cfg(test)]
mod tests;
