use std::io::Write as _;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Configuration, Layers, Problem, load, print};
use crate::KitError;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Service {
    listen: String,
    #[serde(with = "crate::units::duration")]
    shutdown_grace: Duration,
    #[serde(with = "crate::units::size")]
    cache: u64,
    shards: u16,
    regions: Vec<String>,
    note: Option<String>,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:1".to_owned(),
            shutdown_grace: Duration::from_secs(20),
            cache: 64 << 20,
            shards: 4,
            regions: vec!["north".to_owned()],
            note: None,
        }
    }
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Whole {
    data: String,
    strict: bool,
    gateway: Service,
}

impl Configuration for Whole {
    const ALIASES: &'static [(&'static str, &'static str)] = &[("GRIDTALLY_LISTEN", "gateway.listen")];

    fn problems(&self) -> Vec<Problem> {
        if self.gateway.shards == 0 {
            vec![Problem::new("gateway.shards", "must be at least 1")]
        } else {
            Vec::new()
        }
    }
}

fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn flags(triples: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    let owned = |text: &&str| (*text).to_owned();
    triples
        .iter()
        .map(|(flag, key, value)| (owned(flag), owned(key), owned(value)))
        .collect()
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn nothing_given_is_the_default() {
    assert_eq!(load::<Whole>(&Layers::default()).unwrap(), Whole::default());
}

#[test]
fn a_later_layer_wins_key_by_key() {
    let file = file(
        "data = 'file'\n[gateway]\nlisten = 'file:1'\nshards = 8\nshutdown_grace = '1m'\nregions = ['a', 'b']",
    );
    let whole: Whole = load(&Layers {
        file: Some(file.path()),
        environment: environment(&[
            ("PATH", "/bin"),
            ("GRIDTALLY_DATA", "env"),
            ("GRIDTALLY_GATEWAY_SHUTDOWN_GRACE", "2m"),
            ("GRIDTALLY_GATEWAY_NOTE", "hello"),
            ("GRIDTALLY_STRICT", "true"),
            ("GRIDTALLY_LISTEN", "env:1"),
        ]),
        flags: flags(&[("--data", "data", "flag"), ("--cache", "gateway.cache", "1GiB")]),
    })
    .unwrap();
    let expected = Whole {
        data: "flag".to_owned(),
        strict: true,
        gateway: Service {
            listen: "env:1".to_owned(),
            shutdown_grace: Duration::from_secs(120),
            cache: 1 << 30,
            shards: 8,
            regions: vec!["a".to_owned(), "b".to_owned()],
            note: Some("hello".to_owned()),
        },
    };
    assert_eq!(whole, expected);
}

#[test]
fn all_problems_are_reported_at_once_by_key() {
    let file = file("colour = 'red'\n[gateway]\nshards = 0\ncache = '64'\nspeed = 1\n[analytics]\nx = 1");
    let error = load::<Whole>(&Layers {
        file: Some(file.path()),
        environment: environment(&[
            ("GRIDTALLY_GATEWAY_SHARDS_", "1"),
            ("GRIDTALLY_STRICT", "perhaps"),
            ("GRIDTALLY_NONSENSE", "1"),
        ]),
        flags: flags(&[("--shutdown-grace", "gateway.shutdown_grace", "soon")]),
    })
    .unwrap_err();
    let KitError::Config { problems } = &error else {
        panic!("{error:?}")
    };
    let mut keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
    keys.sort_unstable();
    let expected = [
        "--shutdown-grace",
        "GRIDTALLY_GATEWAY_SHARDS_",
        "GRIDTALLY_NONSENSE",
        "GRIDTALLY_STRICT",
        "analytics",
        "colour",
        "gateway.cache",
        "gateway.shards",
        "gateway.speed",
    ];
    assert_eq!(keys, expected, "{error}");
}

#[test]
fn a_file_that_is_no_toml_is_one_problem_with_its_place() {
    let file = file("data = \n");
    let error = load::<Whole>(&Layers {
        file: Some(file.path()),
        ..Layers::default()
    })
    .unwrap_err();
    assert!(error.to_string().contains("line 1"), "{error}");
}

#[test]
fn a_missing_file_is_named() {
    let error = load::<Whole>(&Layers {
        file: Some("/nowhere/gridtally.toml".as_ref()),
        ..Layers::default()
    })
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read the configuration file /nowhere/gridtally.toml"
    );
}

#[test]
fn what_is_printed_can_be_read_again() {
    let printed = print(&Whole::default()).unwrap();
    assert!(printed.contains("shutdown_grace = \"20s\""), "{printed}");
    let file = file(&printed);
    assert_eq!(
        load::<Whole>(&Layers {
            file: Some(file.path()),
            ..Layers::default()
        })
        .unwrap(),
        Whole::default()
    );
}
