use clap::{CommandFactory as _, Parser as _};

use super::{Cli, Command};

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn the_commands_of_the_contract_are_understood() {
    for line in [
        "up",
        "up --data d --bus embedded: --store embedded: --cache memory: --device-listen 127.0.0.1:0 --insecure-no-auth",
        "demo --once --households 10 --seed 7",
        "demo --exit-after-bills",
        "token issue --role device --subject meter-* --ttl 30d --data d",
        "token issue --role admin --subject me",
        "meter list --output json",
        "bill run --dry-run --as-of 2026-11-04T06:00:00+01:00",
        "bill export --statement --out bills.jsonl",
        "bill export --output csv",
        "rate --case case.json --data d --out bill.json",
        "rate --case-dir cases --out-dir bills",
        "rate --tariff t.json --load l.csv --tz America/Chicago --cycle 2018-01-01..2018-02-01 --explain --output table",
        "rate --tariff t.json --load l.csv --prices p.csv --value contracted_kw=5 --events e.json",
        "tariff show t.json",
        "tariff lint t.json --output json",
        "tariff calendar t.json --on 2026-07-01",
        "tariff compare --load l.csv --tariffs tariffs --tz America/Chicago --output csv",
        "tariff compare --load l.csv --tariffs tariffs --prices p.csv --value a=1 --value b=2.5 --events e.json",
        "reading import load.csv --meter m-1",
        "log verify --data d",
        "quarantine replay",
        "config check --config gridtally.toml",
    ] {
        let words = std::iter::once("gridtally").chain(line.split(' '));
        assert!(Cli::try_parse_from(words).is_ok(), "{line}");
    }
}

#[test]
fn units_and_numbers_are_checked_while_typing() {
    for line in [
        "token issue --role device --subject m --ttl 30",
        "up --metrics-listen 9100",
        "demo --households 100001",
        "up --colour red",
        "rate --prices",
        "rate --case-dir cases",
        "rate --tariff t.json",
        "rate --case c.json --tariff t.json --load l.csv",
    ] {
        let words = std::iter::once("gridtally").chain(line.split(' '));
        assert!(Cli::try_parse_from(words).is_err(), "{line}");
    }
    let cli = Cli::try_parse_from(["gridtally", "up", "--shutdown-grace", "5s"]).unwrap();
    let Command::Up(args) = cli.command else {
        panic!("up")
    };
    assert_eq!(args.shutdown_grace, Some(std::time::Duration::from_secs(5)));
}
