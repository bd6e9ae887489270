use std::time::Duration;

use super::{parse_duration, parse_size, show_duration, show_size};

#[test]
fn durations_are_read_and_shown_with_the_largest_exact_unit() {
    for (text, millis) in [
        ("250ms", 250),
        ("30s", 30_000),
        ("90s", 90_000),
        ("5m", 300_000),
        ("36h", 129_600_000),
        ("30d", 2_592_000_000),
    ] {
        assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        assert_eq!(show_duration(Duration::from_millis(millis)), text);
    }
    assert_eq!(show_duration(Duration::ZERO), "0s");
    assert_eq!(parse_duration(" 2 m "), Ok(Duration::from_secs(120)));
}

#[test]
fn sizes_are_read_and_shown_in_binary_units() {
    for (text, bytes) in [
        ("1B", 1),
        ("64MiB", 64 << 20),
        ("3KiB", 3 << 10),
        ("2GiB", 2 << 30),
    ] {
        assert_eq!(parse_size(text), Ok(bytes), "{text}");
        assert_eq!(show_size(bytes), text);
    }
    assert_eq!(parse_size("2GB"), Ok(2_000_000_000));
    assert_eq!(show_size(0), "0B");
}

#[test]
fn what_has_no_unit_or_is_too_large_is_refused() {
    for text in [
        "",
        "30",
        "s",
        "-1s",
        "1.5s",
        "1 week",
        "99999999999999999999s",
        "18446744073709551615d",
    ] {
        assert!(parse_duration(text).is_err(), "{text}");
    }
    for text in ["64", "MiB", "64mib", "-1B", "18446744073709551615KiB"] {
        assert!(parse_size(text).is_err(), "{text}");
    }
}
