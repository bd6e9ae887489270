use chrono::NaiveDate;
use chrono_tz::{America, Asia, Europe, Tz};

use super::{last_complete, midnight};

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn the_last_complete_month_is_that_of_the_zone() {
    let check = |now: &str, zone: Tz, from: &str, to: &str| {
        assert_eq!(
            last_complete(now.parse().unwrap(), zone),
            (date(from), date(to)),
            "{now} {zone}"
        );
    };
    check("2026-11-21T10:00:00Z", Europe::Berlin, "2026-10-01", "2026-11-01");
    check("2026-11-01T01:00:00Z", Europe::Berlin, "2026-10-01", "2026-11-01");
    check(
        "2026-11-01T01:00:00Z",
        America::New_York,
        "2026-09-01",
        "2026-10-01",
    );
    check("2027-01-15T00:00:00Z", Europe::Berlin, "2026-12-01", "2027-01-01");
}

#[test]
fn midnights_follow_the_clock() {
    assert_eq!(
        midnight(date("2026-10-01"), Europe::Berlin).to_rfc3339(),
        "2026-09-30T22:00:00+00:00"
    );
    assert_eq!(
        midnight(date("2026-11-01"), Europe::Berlin).to_rfc3339(),
        "2026-10-31T23:00:00+00:00"
    );
    // Beirut's clock jumped over this midnight.
    assert_eq!(
        midnight(date("2022-03-27"), Asia::Beirut).to_rfc3339(),
        "2022-03-26T22:00:00+00:00"
    );
}
