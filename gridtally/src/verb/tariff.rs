//! `gridtally tariff ...`: tariffs of the platform, and tariffs as files, for which no platform is needed.

mod calendar;
mod compare;
mod lint;
mod outline;

use std::path::{Path, PathBuf};

use proto::billing::RegisterKey;

use super::{register, with};
use crate::cli::{Query, TariffCommand};
use crate::error::CommandError;
use crate::input;
use crate::output::{self, Column};

const TARIFFS: &[Column] = &[("TARIFF", "id"), ("NAME", "name"), ("EDITION", "edition")];

/// Runs `tariff ...`.
///
/// # Errors
/// What the platform answers, or what is wrong with the file.
pub(crate) async fn run(command: TariffCommand) -> Result<(), CommandError> {
    match command {
        TariffCommand::List { query } => {
            let tariffs = with(&query.settings, async |access| {
                register::list(access, "tariff").await
            })
            .await?;
            output::list(query.output, TARIFFS, &tariffs)
        }
        TariffCommand::Show { tariff, query } => show(tariff, &query).await,
        TariffCommand::Lint { file, output } => lint::run(&file, output),
        TariffCommand::Calendar { file, on, output } => calendar::run(&file, on, output),
        TariffCommand::Compare(args) => compare::run(&args),
    }
}

/// A file where there is one of that name or it can only be meant as one, otherwise a tariff of the platform.
async fn show(tariff: String, query: &Query) -> Result<(), CommandError> {
    let file = PathBuf::from(&tariff);
    let meant = tariff.contains('/') || file.extension().is_some_and(|kind| kind == "json");
    if meant || file.is_file() {
        return outline::run(&file, query.output);
    }
    let key = RegisterKey {
        kind: "tariff".to_owned(),
        id: tariff,
    };
    let tariff = with(&query.settings, async |access| {
        register::bare(access.register().get(key.clone()).await?.into_inner())
    });
    output::one(query.output, &tariff.await?)
}

fn read(file: &Path) -> Result<String, CommandError> {
    input::text(file)
}

fn wrong(file: &Path, what: &dyn std::fmt::Display) -> CommandError {
    CommandError::Invalid(format!("{}: {what}", file.display()))
}

#[cfg(test)]
mod tests;
