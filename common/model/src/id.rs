//! Ids as types, so that a meter is never taken for an account.

use std::fmt;
use std::str::FromStr;

/// The most characters an id may have.
const MAX_LEN: usize = 64;

/// A text that is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 1 to 64 of A-Z a-z 0-9 . _ : -")]
pub struct InvalidId;

/// Whether `text` may be the id of anything: 1 to 64 of `A-Za-z0-9._:-` (`DESIGN` 4).
#[must_use]
pub fn is_valid_id(text: &str) -> bool {
    (1..=MAX_LEN).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-'))
}

/// One newtype per kind of thing that has an id; the macro removes six copies of the same three impls.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// As text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                if is_valid_id(text) { Ok(Self(text.into())) } else { Err(InvalidId) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

ids! {
    /// A meter; on the wire `device_id`.
    MeterId,
    /// The place where energy is delivered; it survives meters and customers.
    ServicePointId,
    /// Who is billed.
    AccountId,
    /// Account x service point x dates.
    AgreementId,
    /// The rule that makes billing cycles.
    CalendarId,
    /// A tariff, over all its editions.
    TariffId,
    /// Agreement, first day and revision.
    BillId,
}

#[cfg(test)]
mod tests;
