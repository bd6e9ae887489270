use service_kit::BackendUrl;
use service_kit::config::Configuration as _;

use super::Config;

fn problems(change: impl FnOnce(&mut Config)) -> Vec<String> {
    let mut config = Config::default();
    change(&mut config);
    config.problems().iter().map(ToString::to_string).collect()
}

#[test]
fn the_default_runs() {
    assert!(problems(|_| {}).is_empty());
}

#[test]
fn backends_that_are_none_are_refused_without_their_passwords() {
    let found = problems(|config| {
        config.bus = BackendUrl::new("kafka://user:secret@broker");
        config.store = BackendUrl::new("sqlite:");
    });
    assert_eq!(
        found,
        [
            "bus: not a backend of this program; use embedded: or amqp: or amqps:",
            "store: not a backend of this program; use embedded: or mongodb:"
        ]
    );
}

#[test]
fn no_tokens_only_on_loopback() {
    let found = problems(|config| {
        config.gateway.insecure_no_auth = true;
        config.gateway.listen = "0.0.0.0:1".parse().unwrap();
    });
    assert!(
        found
            .iter()
            .any(|problem| problem.starts_with("gateway.listen: ")),
        "{found:?}"
    );
}

/// Otherwise the journal refuses it later, when everything else has been mended.
#[test]
fn a_journal_without_room_is_told_with_all_other_problems() {
    let found = problems(|config| {
        config.journal.spare = 64 << 20;
        config.journal.limit = (96 << 20) - 1;
        config.journal.shards = 0;
        config.store = BackendUrl::new("sqlite:");
    });
    let keys: Vec<&str> = found
        .iter()
        .filter_map(|problem| problem.split(':').next())
        .collect();
    assert_eq!(keys, ["store", "journal.shards", "journal.limit"], "{found:?}");
    assert!(
        found
            .iter()
            .any(|problem| problem == "journal.limit: must be at least 96MiB"),
        "{found:?}"
    );
    assert!(problems(|config| config.journal.limit = 96 << 20).is_empty());
}
