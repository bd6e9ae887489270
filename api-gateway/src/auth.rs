//! Who is asking, and what they may do: signed tokens, their keys and their rules.
//!
//! A token is a JWT signed with Ed25519. Every rule about one is in [`Verifier`]; nothing here knows of gRPC or HTTP beyond the header
//! that carries the token. Whether a meter belongs to a device is the `sub` of its token, no more.

mod cache;
mod gate;
mod keys;
mod verify;

use std::sync::Arc;
use std::time::Duration;

use model::ErrorKind;
use serde::{Deserialize, Serialize};
use service_kit::Fault;

pub(crate) use gate::Gate;
pub use keys::{Grant, KeyError, Keys};
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
            Self::Viewer | Self::Billing | Self::Operator | Self::Admin => Duration::from_secs(7 * DAY),
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

/// Why somebody is not let in. The variants are also the label of the metric, so the set is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AuthError {
    /// No token.
    #[error("a token is needed: authorization: Bearer <token>")]
    Missing,
    /// Not a token at all, or too long for one.
    #[error("the token is malformed")]
    Malformed,
    /// A header field that is not `alg`, `typ` or `kid`.
    #[error("the token's header has a field that is not accepted")]
    Header,
    /// Another algorithm than the key's.
    #[error("the token's algorithm is not accepted")]
    Algorithm,
    /// A key that this installation does not have.
    #[error("the token was signed with a key that is not known here")]
    UnknownKey,
    /// The signature is wrong.
    #[error("the token's signature is wrong")]
    Signature,
    /// A claim is absent or has the wrong type.
    #[error("a claim of the token is missing or has the wrong type")]
    Claims,
    /// Another issuer or audience.
    #[error("the token is not meant for this service")]
    Audience,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYet,
    /// Valid for longer than its role allows.
    #[error("the token is valid for longer than its role allows")]
    Lifetime,
    /// A good token, but not for this.
    #[error("the token's role may not do this")]
    Denied,
}

impl AuthError {
    /// Every variant, for metrics.
    pub const ALL: [Self; 12] = [
        Self::Missing,
        Self::Malformed,
        Self::Header,
        Self::Algorithm,
        Self::UnknownKey,
        Self::Signature,
        Self::Claims,
        Self::Audience,
        Self::Expired,
        Self::NotYet,
        Self::Lifetime,
        Self::Denied,
    ];

    /// As a label of metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Header => "header",
            Self::Algorithm => "algorithm",
            Self::UnknownKey => "unknown_key",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::Audience => "audience",
            Self::Expired => "expired",
            Self::NotYet => "not_yet",
            Self::Lifetime => "lifetime",
            Self::Denied => "denied",
        }
    }

    /// What it means.
    #[must_use]
    pub const fn kind(self) -> ErrorKind {
        match self {
            Self::Denied => ErrorKind::Denied,
            _ => ErrorKind::Unauthenticated,
        }
    }

    /// The stable reason code. A forger is not told which check caught the forgery.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Missing => "TOKEN_MISSING",
            Self::Expired => "TOKEN_EXPIRED",
            Self::NotYet => "TOKEN_NOT_YET_VALID",
            Self::Denied => "ROLE_DENIED",
            _ => "TOKEN_INVALID",
        }
    }

    /// What the outside sees.
    #[must_use]
    pub fn fault(self) -> Fault {
        let message = match self.reason() {
            "TOKEN_INVALID" => "the token is not valid here".to_owned(),
            _ => self.to_string(),
        };
        Fault::new(self.kind(), self.reason(), message)
    }
}

#[cfg(test)]
mod tests;
