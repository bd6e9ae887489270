//! Key files: PKCS#8 in PEM, named for their time and their key.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jsonwebtoken::{DecodingKey, EncodingKey};

use super::{Key, KeyError, MAX_KEYS};

/// A PKCS#8 file of Ed25519 has about 200 bytes.
const MAX_KEY_BYTES: u64 = 4_096;
/// Bytes of the public key's hash that name a key.
const KID_BYTES: usize = 12;
/// Characters of the widest base64 line in a PEM file.
const PEM_LINE: usize = 64;

/// The key files in order of their names, which begin with the time they were made.
pub(super) fn key_files(dir: &Path) -> Result<Vec<PathBuf>, KeyError> {
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

pub(super) fn load(path: &Path) -> Result<Key, KeyError> {
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

/// Makes a key that is named for `now`, in a folder that is made if need be.
pub(super) fn create(dir: &Path, now: DateTime<Utc>) -> Result<(), KeyError> {
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
pub(super) fn to_pem(der: &[u8]) -> String {
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

pub(super) fn from_pem(text: &str) -> Option<Vec<u8>> {
    let body = text.trim().strip_prefix(PEM_BEGIN)?.strip_suffix(PEM_END)?;
    let body: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(body).ok()
}
