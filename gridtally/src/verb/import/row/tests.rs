use proto::meter::Channel;

use super::parse;

#[test]
fn a_row_becomes_a_reading_per_channel() {
    let (rows, bad) = parse(
        "start_utc,import_kwh,export_kwh,minutes\n2026-10-01T00:00:00Z,0.5,0.25,30\n",
        Some("m-1"),
    )
    .unwrap();
    assert!(bad.is_empty());
    let shown: Vec<_> = rows
        .iter()
        .map(|(line, reading)| {
            (
                *line,
                reading.channel(),
                reading.usage_kwh,
                reading.interval_seconds,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            (2, Channel::Import, Some(0.5), 1800),
            (2, Channel::Export, Some(0.25), 1800)
        ]
    );
    assert_eq!(rows[0].1.device_id, "m-1");
}

#[test]
fn an_empty_value_is_no_reading_and_a_bad_row_costs_only_itself() {
    let text = "device_id,start_utc,import_kwh\na,2026-10-01T00:00:00Z,\nb,yesterday,1\nc,2026-10-01T00:00:00Z,much\ne,2026-10-01T00:00:00Z,1,5\nf,2026-10-01T00:00:00Z\nd,2026-10-01T00:00:00Z,1\n";
    let (rows, bad) = parse(text, None).unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].1.device_id, "d");
    let outcomes: Vec<_> = bad
        .iter()
        .map(|outcome| (outcome.line, outcome.verdict.as_str(), outcome.reason.as_str()))
        .collect();
    let refused = |line| (line, "REJECTED", "BAD_ROW");
    assert_eq!(
        outcomes,
        [(2, "EMPTY", ""), refused(3), refused(4), refused(5), refused(6)]
    );
    for (outcome, said) in bad.iter().zip([
        "no value",
        "yesterday",
        "much",
        "decimals have a point",
        "cut off",
    ]) {
        assert!(outcome.message.contains(said), "{}", outcome.message);
    }
}

#[test]
fn a_header_without_what_is_needed_is_refused() {
    assert!(parse("start_utc\n", Some("m")).is_err());
    assert!(parse("start_utc,import_kwh\n", None).is_err());
}
