//! `gridtally token issue`: reads the keys of a data folder, and nothing else of it.

use std::time::Duration;

use api_gateway::auth::{Keys, Role};

use crate::cli::{self, Settings, TokenCommand};
use crate::config::Config;
use crate::error::CommandError;
use crate::{access, output};

/// Runs `token ...`.
///
/// # Errors
/// [`CommandError::NotFound`] when the folder has no keys yet, [`CommandError::Invalid`] for a subject or lifetime that cannot be.
pub(crate) fn run(command: TokenCommand) -> Result<(), CommandError> {
    let TokenCommand::Issue {
        role,
        subject,
        ttl,
        settings,
    } = command;
    output::line(&issue(&settings, role, &subject, ttl)?)
}

fn issue(
    settings: &Settings,
    role: cli::Role,
    subject: &str,
    ttl: Option<Duration>,
) -> Result<String, CommandError> {
    let config = Config::of_command(settings)?;
    let keys = Keys::open(&config.keys()).map_err(|error| access::key_fault(&error))?;
    access::issue(&keys, role.into(), subject, ttl)
}

impl From<cli::Role> for Role {
    fn from(role: cli::Role) -> Self {
        match role {
            cli::Role::Device => Self::Device,
            cli::Role::Viewer => Self::Viewer,
            cli::Role::Billing => Self::Billing,
            cli::Role::Operator => Self::Operator,
            cli::Role::Admin => Self::Admin,
        }
    }
}
