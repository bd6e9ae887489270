//! `gridtally tariff ...`

use std::path::Path;

use proto::billing::RegisterKey;

use super::{register, with};
use crate::cli::TariffCommand;
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
        TariffCommand::Show { id, query } => {
            let key = RegisterKey {
                kind: "tariff".to_owned(),
                id,
            };
            let tariff = with(&query.settings, async |access| {
                register::bare(access.register().get(key.clone()).await?.into_inner())
            });
            output::one(query.output, &tariff.await?)
        }
        TariffCommand::Lint { file } => lint(&file),
    }
}

fn lint(file: &Path) -> Result<(), CommandError> {
    let text = input::text(file)?;
    match tariff_engine::case::check_tariff(&text) {
        Ok(warnings) => {
            for warning in warnings {
                output::line(&format!("{}: warning: {warning}", file.display()))?;
            }
            output::line(&format!("{}: ok", file.display()))
        }
        Err(problems) => Err(CommandError::Invalid(format!("{}: {problems}", file.display()))),
    }
}
