use super::Load;

const TEXT: &str = "start_utc,import_kwh\n2024-01-01T00:00:00Z,1\n2024-01-01T00:15:00Z,\n2024-01-01T00:30:00Z,0.5\n2024-01-01T00:45:00Z,2\n";

#[test]
fn an_empty_value_is_a_missing_interval() {
    let load = Load::parse(TEXT).unwrap();
    assert_eq!(load.intervals.len(), 3);
    let first = load.intervals[0].start_ms;
    let at = |minutes: i64| first + minutes * 60_000;
    assert_eq!(load.first_missing(first..at(60)), Some(at(15)));
    assert_eq!(load.first_missing(at(30)..at(60)), None);
    assert_eq!(load.first_missing(at(30)..at(75)), Some(at(60)));
}

#[test]
fn what_is_not_rated_here_is_refused() {
    for text in [
        "start_utc,reactive_kvarh\n",
        "import_kwh\n",
        "start_utc,import_kwh\nnoon,1\n",
        "start_utc,import_kwh\n2024-01-01T00:00:00Z,x\n",
    ] {
        assert!(Load::parse(text).is_err(), "{text}");
    }
}
