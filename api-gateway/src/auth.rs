//! Who is asking, and what they may do: signed tokens, their keys and their rules.
//!
//! A token is a JWT signed with Ed25519. Clocks differ, so it is taken up to [`LEEWAY_SECONDS`] before its beginning and after its end: one
//! issued for a minute is good for a minute and a half. Every rule about one is in [`Verifier`]; nothing here knows of gRPC or HTTP beyond the header
//! that carries the token. Whether a meter belongs to a device is the `sub` of its token, no more.

mod cache;
mod gate;
mod keys;
mod refusal;
mod verify;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use gate::Gate;
pub use keys::{Grant, KeyError, Keys};
pub use refusal::AuthError;
pub use verify::{LEEWAY_SECONDS, MAX_TOKEN_BYTES, Verifier};

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A meter or logger: sends its own readings, reads nothing.
    Device,
    /// Staff who look.
    Viewer,
    /// Staff who bill: the register and bill runs.
    Billing,
    /// Staff who run the intake: may send readings for any meter.
    Operator,
    /// Staff who may do all.
    Admin,
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Send readings (of which meters: [`Identity::may_speak_for`]).
    SendReadings,
    /// Look at meters, readings, usage, bills, exceptions and the register.
    Read,
    /// Change the register, run and issue bills.
    Bill,
    /// Run the intake: publish quarantined messages again.
    Operate,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [
        Self::Device,
        Self::Viewer,
        Self::Billing,
        Self::Operator,
        Self::Admin,
    ];

    /// As in the token and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Viewer => "viewer",
            Self::Billing => "billing",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// The longest time a token of this role may be valid. A meter hangs on a wall for a year and more; a person can ask again.
    #[must_use]
    pub const fn max_lifetime(self) -> Duration {
        const DAY: u64 = 24 * 60 * 60;
        match self {
            Self::Device => Duration::from_secs(400 * DAY),
            Self::Viewer | Self::Billing | Self::Operator | Self::Admin => Duration::from_secs(31 * DAY),
        }
    }

    /// How long a token of this role is valid unless somebody says otherwise.
    #[must_use]
    pub const fn default_lifetime(self) -> Duration {
        const HOUR: u64 = 60 * 60;
        match self {
            Self::Device => Duration::from_secs(30 * 24 * HOUR),
            Self::Viewer | Self::Billing | Self::Operator | Self::Admin => Duration::from_secs(12 * HOUR),
        }
    }

    /// Whether the role may do `wanted`.
    #[must_use]
    pub const fn may(self, wanted: Permission) -> bool {
        match wanted {
            Permission::SendReadings => matches!(self, Self::Device | Self::Operator | Self::Admin),
            Permission::Read => !matches!(self, Self::Device),
            Permission::Bill => matches!(self, Self::Billing | Self::Admin),
            Permission::Operate => matches!(self, Self::Operator | Self::Admin),
        }
    }
}

/// Who a verified token names. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// What the token is for.
    pub role: Role,
    /// The device, the prefix of devices (with a final `*`), or the person.
    pub subject: Arc<str>,
    /// When the token ends, in seconds since 1970 UTC. A long stream ends then.
    pub expires: i64,
}

impl Identity {
    /// Somebody who may do all and never expires: who everybody is where no token is asked for.
    #[must_use]
    pub fn anybody() -> Self {
        Self {
            role: Role::Admin,
            subject: Arc::from("anybody"),
            expires: i64::MAX,
        }
    }

    /// Whether readings of `device` may come from this sender: its own id, one with its prefix, or any for operators and admins.
    #[must_use]
    pub fn may_speak_for(&self, device: &str) -> bool {
        match self.role {
            Role::Operator | Role::Admin => true,
            Role::Viewer | Role::Billing => false,
            Role::Device => match self.subject.strip_suffix('*') {
                Some(prefix) => device.starts_with(prefix),
                None => *self.subject == *device,
            },
        }
    }

    /// The highest revision that its readings may have. Staff have some left above those of devices.
    #[must_use]
    pub fn max_revision(&self) -> u32 {
        match self.role {
            Role::Device => model::MAX_DEVICE_REVISION,
            Role::Viewer | Role::Billing | Role::Operator | Role::Admin => u32::MAX,
        }
    }

    /// Checks that the role may do `wanted`.
    ///
    /// # Errors
    /// [`AuthError::Denied`].
    pub fn must(&self, wanted: Permission) -> Result<(), AuthError> {
        if self.role.may(wanted) {
            Ok(())
        } else {
            Err(AuthError::Denied)
        }
    }
}

#[cfg(test)]
mod tests;
