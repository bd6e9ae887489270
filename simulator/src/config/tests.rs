use clap::CommandFactory as _;

use super::*;

fn run(arguments: &str) -> RunArgs {
    let arguments = ["gridtally-simulator", "run"]
        .into_iter()
        .chain(arguments.split_whitespace());
    match Cli::try_parse_from(arguments).unwrap().command {
        Command::Run(args) => *args,
        other => panic!("{other:?}"),
    }
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn periods_follow_from_what_is_set() {
    let now = utc("2026-10-05T12:07:30Z");
    let check = |arguments: &str, from: &str, to: Option<&str>| {
        let found = run(arguments).period(now).unwrap();
        let to = to.map_or(DateTime::<Utc>::MAX_UTC, utc);
        assert_eq!(found, utc(from)..to, "{arguments}");
    };
    check("", "2026-10-05T11:45:00Z", None);
    check(
        "--speed max",
        "2026-10-04T12:00:00Z",
        Some("2026-10-05T12:00:00Z"),
    );
    check(
        "--speed 60x --period 2h",
        "2026-10-05T10:00:00Z",
        Some("2026-10-05T12:00:00Z"),
    );
    check(
        "--speed max --from 2026-10-01",
        "2026-10-01T00:00:00Z",
        Some("2026-10-05T12:00:00Z"),
    );
    check(
        "--from 2026-10-01 --period 1h",
        "2026-10-01T00:00:00Z",
        Some("2026-10-01T01:00:00Z"),
    );
    check(
        "--to 2026-10-01T06:00:00+02:00 --period 1h",
        "2026-10-01T03:00:00Z",
        Some("2026-10-01T04:00:00Z"),
    );
    let empty = run("--from 2026-10-02 --to 2026-10-01").period(now);
    assert!(matches!(empty, Err(Error::Settings { .. })));
}

#[test]
fn a_dry_run_may_name_its_form() {
    assert_eq!(run("").dry_run, None);
    assert_eq!(run("--dry-run").dry_run, Some(Listing::Json));
    assert_eq!(run("--dry-run=csv").dry_run, Some(Listing::Csv));
}

#[test]
fn a_load_stays_in_the_past() {
    let parse = |arguments: &str| {
        let arguments = ["gridtally-simulator", "load"]
            .into_iter()
            .chain(arguments.split_whitespace());
        match Cli::try_parse_from(arguments).unwrap().command {
            Command::Load(args) => args.load(utc("2026-10-05T12:07:30Z")),
            other => panic!("{other:?}"),
        }
    };
    let load = parse("").unwrap();
    assert_eq!(load.first_ms, utc("2026-08-06T00:00:00Z").timestamp_millis());
    assert_eq!(load.rounds, 60 * 96 + 48);
    assert_eq!((load.in_flight, load.batch), (16, 1_000));
    let load = parse("--mode unary --from 2026-10-05T11:40:00Z").unwrap();
    assert_eq!((load.in_flight, load.batch, load.rounds), (64, 1, 1));
    for (rate, batch) in [
        (1, 1),
        (9, 1),
        (50, 5),
        (1_999, 199),
        (10_000, 1_000),
        (10_000_000, 1_000),
    ] {
        let load = parse(&format!("--rate {rate}")).unwrap();
        assert_eq!(load.batch, batch, "an even load at {rate} readings per second");
    }
    assert!(matches!(
        parse("--from 2026-10-05T12:00:00Z"),
        Err(Error::Settings { .. })
    ));
    assert!(matches!(parse("--prefix a/b"), Err(Error::Settings { .. })));
}

#[test]
fn the_token_file_is_read_and_never_shown() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "abc.def.ghi\n").unwrap();
    let receiver = Receiver {
        endpoint: String::new(),
        token_file: Some(file.path().to_owned()),
    };
    let token = receiver.token().unwrap().unwrap();
    assert_eq!(token.header(), b"Bearer abc.def.ghi");
    assert_eq!(format!("{token:?}"), "Token(hidden)");
    let missing = Receiver {
        endpoint: String::new(),
        token_file: Some("/no/such/file".into()),
    };
    assert_eq!(missing.token().unwrap_err().exit_code(), 4);
}
