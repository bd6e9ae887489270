use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tempfile::TempDir;

use super::files::{from_pem, to_pem};
use super::{Grant, KeyError, Keys};
use crate::auth::{Role, Verifier};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn now() -> DateTime<Utc> {
    at("2026-05-01T12:00:00Z")
}

fn grant(role: Role, subject: &str, lifetime: Option<Duration>) -> Grant {
    Grant {
        role,
        subject: subject.to_owned(),
        lifetime,
    }
}

fn only_file(dir: &TempDir) -> PathBuf {
    let mut files: Vec<_> = fs::read_dir(dir.path().join("keys"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1);
    files.pop().unwrap()
}

#[test]
fn the_first_start_makes_a_key_that_only_its_owner_reads() {
    let dir = TempDir::new().unwrap();
    let keys_dir = dir.path().join("keys");
    assert!(matches!(Keys::open(&keys_dir), Err(KeyError::NoKeys(_))));
    assert!(!keys_dir.exists(), "opening writes nothing");
    let made = Keys::open_or_create(&keys_dir, now()).unwrap();
    let file = only_file(&dir);
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("20260501T120000Z-"), "{name}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        fs::metadata(&keys_dir).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let again = Keys::open_or_create(&keys_dir, now()).unwrap();
    assert_eq!(only_file(&dir), file, "the second start makes none");
    assert_eq!(format!("{made:?}"), format!("{again:?}"));
}

#[test]
fn the_latest_key_signs_and_every_key_verifies() {
    let dir = TempDir::new().unwrap();
    let old = Keys::open_or_create(dir.path(), at("2026-01-01T00:00:00Z")).unwrap();
    let before = old.issue(&grant(Role::Viewer, "eve", None), now()).unwrap();
    super::create(dir.path(), at("2026-02-01T00:00:00Z")).unwrap();
    let both = Keys::open(dir.path()).unwrap();
    let after = both.issue(&grant(Role::Viewer, "eve", None), now()).unwrap();
    let (latest, oldest) = (both.keys[1].kid.clone(), both.keys[0].kid.clone());
    let header = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    assert_eq!((header(&before), header(&after)), (oldest, latest));
    let verifier = Verifier::new(both);
    assert!(verifier.verify(&before, now()).is_ok());
    assert!(verifier.verify(&after, now()).is_ok());
    assert!(Verifier::new(old).verify(&after, now()).is_err());
}

#[test]
fn a_key_file_that_is_not_right_is_refused() {
    let check = |spoil: &dyn Fn(&PathBuf), expected: &str| {
        let dir = TempDir::new().unwrap();
        let keys_dir = dir.path().join("keys");
        Keys::open_or_create(&keys_dir, now()).unwrap();
        spoil(&only_file(&dir));
        let error = Keys::open(&keys_dir).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(
        &|file| fs::set_permissions(file, fs::Permissions::from_mode(0o640)).unwrap(),
        "may be read by others",
    );
    check(
        &|file| fs::write(file, "nonsense").unwrap(),
        "is not an Ed25519 key",
    );
    check(
        &|file| fs::write(file, vec![b'a'; 5_000]).unwrap(),
        "is not an Ed25519 key",
    );
    check(
        &|file| fs::rename(file, file.with_file_name("20260501T120000Z-other.pem")).unwrap(),
        "is not an Ed25519 key",
    );
    check(
        &|file| {
            for number in 0..20 {
                fs::copy(file, file.with_file_name(format!("{number}.pem"))).unwrap();
            }
        },
        "more than 16 keys",
    );
}

#[test]
fn a_token_has_a_subject_and_a_lifetime_that_its_role_allows() {
    const DAY: u64 = 86_400;
    let dir = TempDir::new().unwrap();
    let keys = Keys::open_or_create(dir.path(), now()).unwrap();
    let long = "x".repeat(65);
    let table: [(Role, &str, Option<u64>, bool); 19] = [
        (Role::Device, "meter-1", None, true),
        (Role::Device, "meter-*", None, true),
        (Role::Device, "*", None, true),
        (Role::Device, "m:1._-", None, true),
        (Role::Device, "", None, false),
        (Role::Device, "meter 1", None, false),
        (Role::Device, "**", None, false),
        (Role::Device, "m*r", None, false),
        (Role::Device, &long, None, false),
        (Role::Device, "meter-1", Some(400 * DAY), true),
        (Role::Device, "meter-1", Some(400 * DAY + 1), false),
        (Role::Device, "meter-1", Some(0), false),
        (Role::Viewer, "eve@example.org", None, true),
        (Role::Viewer, "", None, false),
        (Role::Viewer, "eve\n", None, false),
        (Role::Viewer, &long, None, false),
        (Role::Admin, "eve", Some(31 * DAY), true),
        (Role::Admin, "eve", Some(31 * DAY + 1), false),
        (Role::Billing, "eve", Some(u64::MAX), false),
    ];
    for (role, subject, seconds, expected) in table {
        let asked = grant(role, subject, seconds.map(Duration::from_secs));
        assert_eq!(keys.issue(&asked, now()).is_ok(), expected, "{asked:?}");
    }
}

#[test]
fn pem_is_read_as_written() {
    let der: Vec<u8> = (0..=200).collect();
    let text = to_pem(&der);
    assert!(text.lines().all(|line| line.len() <= 64));
    assert_eq!(from_pem(&text), Some(der));
    assert_eq!(from_pem("-----BEGIN PRIVATE KEY-----"), None);
    assert_eq!(from_pem(&text.replace("PRIVATE", "PUBLIC")), None);
}
