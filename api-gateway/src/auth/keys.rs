//! The keys that sign tokens: made at the first start, kept in the data folder, read by `gridtally token issue`.
//!
//! A key is a file `<time>-<kid>.pem` (PKCS#8, readable by its owner alone). The latest signs; all of them verify, so that a new key can
//! be put beside an old one until the old tokens are over.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use model::ErrorKind;

use super::Role;
use super::verify::{AUDIENCE, Claims, ISSUER};

/// More keys than any rotation needs.
const MAX_KEYS: usize = 16;
/// A PKCS#8 file of Ed25519 has about 200 bytes.
const MAX_KEY_BYTES: u64 = 4_096;
/// Bytes of the public key's hash that name a key.
const KID_BYTES: usize = 12;
/// Characters of the widest base64 line in a PEM file.
const PEM_LINE: usize = 64;

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

/// The key files in order of their names, which begin with the time they were made.
fn key_files(dir: &Path) -> Result<Vec<PathBuf>, KeyError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(file_error(dir, source)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|source| file_error(dir, source))?.path();
        if path.extension().is_some_and(|extension| extension == "pem") {
            paths.push(path);
        }
        if paths.len() > MAX_KEYS {
            return Err(KeyError::TooMany(dir.to_owned()));
        }
    }
    paths.sort();
    Ok(paths)
}

fn load(path: &Path) -> Result<Key, KeyError> {
    let meta = fs::metadata(path).map_err(|source| file_error(path, source))?;
    if meta.mode() & 0o077 != 0 {
        return Err(KeyError::Exposed(path.to_owned()));
    }
    let bad = || KeyError::BadKey(path.to_owned());
    if meta.len() > MAX_KEY_BYTES {
        return Err(bad());
    }
    let text = fs::read_to_string(path).map_err(|source| file_error(path, source))?;
    let der = from_pem(&text).ok_or_else(bad)?;
    let pair = Ed25519KeyPair::from_pkcs8(&der).map_err(|_| bad())?;
    let kid = kid_of(pair.public_key().as_ref());
    let stem = path.file_stem().and_then(|stem| stem.to_str()).ok_or_else(bad)?;
    if stem.split_once('-').is_none_or(|(_, name)| name != kid) {
        return Err(bad());
    }
    Ok(Key {
        kid,
        public: DecodingKey::from_ed_der(pair.public_key().as_ref()),
        private: EncodingKey::from_ed_der(&der),
    })
}

fn create(dir: &Path, now: DateTime<Utc>) -> Result<(), KeyError> {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| KeyError::Broken)?;
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).map_err(|_| KeyError::Broken)?;
    let name = format!(
        "{}-{}.pem",
        now.format("%Y%m%dT%H%M%SZ"),
        kid_of(pair.public_key().as_ref())
    );
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|source| file_error(dir, source))?;
    let path = dir.join(name);
    let temporary = path.with_extension("new");
    write_whole(&temporary, &to_pem(document.as_ref())).map_err(|source| file_error(&temporary, source))?;
    fs::rename(&temporary, &path).map_err(|source| file_error(&path, source))?;
    fs::File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(|source| file_error(dir, source))
}

fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn file_error(path: &Path, source: io::Error) -> KeyError {
    KeyError::File {
        path: path.to_owned(),
        source,
    }
}

/// The name of a key: the beginning of its public half's hash, as in RFC 7638 for a thumbprint but over the raw bytes.
fn kid_of(public: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, public);
    URL_SAFE_NO_PAD.encode(digest.as_ref().get(..KID_BYTES).unwrap_or_default())
}

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// RFC 7468.
fn to_pem(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = format!("{PEM_BEGIN}\n");
    for (at, character) in body.chars().enumerate() {
        if at > 0 && at % PEM_LINE == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push('\n');
    text.push_str(PEM_END);
    text.push('\n');
    text
}

fn from_pem(text: &str) -> Option<Vec<u8>> {
    let body = text.trim().strip_prefix(PEM_BEGIN)?.strip_suffix(PEM_END)?;
    let body: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(body).ok()
}

#[cfg(test)]
mod tests;
