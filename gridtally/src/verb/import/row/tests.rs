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
    let text = "device_id,start_utc,import_kwh\na,2026-10-01T00:00:00Z,\nb,yesterday,1\nc,2026-10-01T00:00:00Z,much\ne,2026-10-01T00:00:00Z,1,5\nd,2026-10-01T00:00:00Z,1\n";
    let (rows, bad) = parse(text, None).unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].1.device_id, "d");
    let lines: Vec<u64> = bad.iter().map(|outcome| outcome.line).collect();
    assert_eq!(lines, [3, 4, 5]);
    assert!(
        bad[2].message.contains("decimals have a point"),
        "{}",
        bad[2].message
    );
    assert!(bad[0].message.contains("yesterday"), "{}", bad[0].message);
}

#[test]
fn a_header_without_what_is_needed_is_refused() {
    assert!(parse("start_utc\n", Some("m")).is_err());
    assert!(parse("start_utc,import_kwh\n", None).is_err());
}
