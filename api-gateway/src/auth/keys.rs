//! The keys that sign tokens: made at the first start, kept in the data folder, read by `gridtally token issue`.
//!
//! A key is a file `<time>-<kid>.pem` (PKCS#8, readable by its owner alone). The latest signs; all of them verify, so that a new key can
//! be put beside an old one until the old tokens are over.

mod files;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use model::ErrorKind;

use super::Role;
use super::verify::{AUDIENCE, Claims, ISSUER};
use files::{create, key_files, load};

/// More keys than any rotation needs.
const MAX_KEYS: usize = 16;

/// What a token shall say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What it is for.
    pub role: Role,
    /// A device or a prefix of devices with a final `*`; a name for staff.
    pub subject: String,
    /// How long it is valid; none = the role's default.
    pub lifetime: Option<Duration>,
}

/// Why there are no keys, or no token.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file or folder cannot be used.
    #[error("cannot read or write {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Nobody made keys yet.
    #[error("there are no keys in {}: start gridtally once with this data folder", .0.display())]
    NoKeys(PathBuf),
    /// Too many keys.
    #[error("more than {MAX_KEYS} keys in {}", .0.display())]
    TooMany(PathBuf),
    /// Others than its owner may read the key.
    #[error("{} may be read by others: chmod 600", .0.display())]
    Exposed(PathBuf),
    /// Not a key of this kind, or its name is not its own.
    #[error("{} is not an Ed25519 key of that name in PKCS#8 PEM", .0.display())]
    BadKey(PathBuf),
    /// The cryptography does not do what it must.
    #[error("signing or verifying does not work on this machine")]
    Broken,
    /// The subject cannot be one.
    #[error(
        "a device's subject is an id (A-Z a-z 0-9 . _ : -), or the beginning of one and *; a person's is 1 to 64 visible characters"
    )]
    BadSubject,
    /// Longer than the role allows, or no time at all.
    #[error("a {} token may be valid for 1 second to {} days", role.name(), role.max_lifetime().as_secs() / 86_400)]
    BadLifetime {
        /// Of which role.
        role: Role,
    },
}

impl KeyError {
    /// What it means to the sender.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::BadSubject | Self::BadLifetime { .. } => ErrorKind::Invalid,
            Self::NoKeys(_) => ErrorKind::NotFound,
            Self::File { .. } | Self::TooMany(_) | Self::Exposed(_) | Self::BadKey(_) | Self::Broken => {
                ErrorKind::Internal
            }
        }
    }
}

/// One key.
pub(super) struct Key {
    pub(super) kid: String,
    pub(super) public: DecodingKey,
    private: EncodingKey,
}

/// The keys of an installation, oldest first.
pub struct Keys {
    keys: Vec<Key>,
    dir: PathBuf,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.keys.iter().map(|key| &key.kid))
            .finish()
    }
}

impl Keys {
    /// The keys in the folder `dir`; a first one is made when there is none.
    ///
    /// # Errors
    /// [`KeyError`] when the folder or a key cannot be used, or the cryptography fails its own test.
    pub fn open_or_create(dir: &Path, now: DateTime<Utc>) -> Result<Self, KeyError> {
        match Self::open(dir) {
            Err(KeyError::NoKeys(_)) => {
                create(dir, now)?;
                Self::open(dir)
            }
            other => other,
        }
    }

    /// The keys in the folder `dir`. Writes nothing.
    ///
    /// # Errors
    /// [`KeyError`], also when there are none.
    pub fn open(dir: &Path) -> Result<Self, KeyError> {
        if jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER
            .install_default()
            .is_err()
        {
            tracing::trace!("cryptography was installed before");
        }
        let mut keys = Vec::new();
        for path in key_files(dir)? {
            keys.push(load(&path)?);
        }
        if keys.is_empty() {
            return Err(KeyError::NoKeys(dir.to_owned()));
        }
        let keys = Self {
            keys,
            dir: dir.to_owned(),
        };
        keys.self_test()?;
        Ok(keys)
    }

    /// A signed token for `grant`, valid from `now`.
    ///
    /// # Errors
    /// [`KeyError::BadSubject`] and [`KeyError::BadLifetime`].
    pub fn issue(&self, grant: &Grant, now: DateTime<Utc>) -> Result<String, KeyError> {
        let role = grant.role;
        if !is_subject(role, &grant.subject) {
            return Err(KeyError::BadSubject);
        }
        let lifetime = grant.lifetime.unwrap_or(role.default_lifetime());
        if lifetime < Duration::from_secs(1) || lifetime > role.max_lifetime() {
            return Err(KeyError::BadLifetime { role });
        }
        let iat = now.timestamp();
        let seconds = i64::try_from(lifetime.as_secs()).map_err(|_| KeyError::BadLifetime { role })?;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: grant.subject.clone(),
            role,
            iat,
            nbf: iat,
            exp: iat.saturating_add(seconds),
        };
        self.sign(&claims)
    }

    pub(super) fn find(&self, kid: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.kid == kid)
    }

    pub(super) fn sign<T: serde::Serialize>(&self, claims: &T) -> Result<String, KeyError> {
        let key = self
            .keys
            .last()
            .ok_or_else(|| KeyError::NoKeys(self.dir.clone()))?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(key.kid.clone());
        jsonwebtoken::encode(&header, claims, &key.private).map_err(|_| KeyError::Broken)
    }

    /// With a wrong choice of features the library compiles and fails at its first use; better now than then.
    fn self_test(&self) -> Result<(), KeyError> {
        const MESSAGE: &[u8] = b"gridtally";
        for key in &self.keys {
            let sign = |message| jsonwebtoken::crypto::sign(message, &key.private, Algorithm::EdDSA);
            let verify = |signature: &str, message| {
                jsonwebtoken::crypto::verify(signature, message, &key.public, Algorithm::EdDSA)
            };
            let signature = sign(MESSAGE).map_err(|_| KeyError::Broken)?;
            let good = verify(&signature, MESSAGE).map_err(|_| KeyError::Broken)?;
            let forged = verify(&signature, b"gridtallY").map_err(|_| KeyError::Broken)?;
            if !good || forged {
                return Err(KeyError::Broken);
            }
        }
        Ok(())
    }
}

/// Whether a token of `role` may have this subject.
pub(super) fn is_subject(role: Role, subject: &str) -> bool {
    match role {
        Role::Device => subject == "*" || model::is_valid_id(subject.strip_suffix('*').unwrap_or(subject)),
        Role::Viewer | Role::Billing | Role::Operator | Role::Admin => {
            (1..=64).contains(&subject.len()) && subject.bytes().all(|byte| byte.is_ascii_graphic())
        }
    }
}

#[cfg(test)]
mod tests;
