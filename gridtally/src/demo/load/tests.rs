use chrono::{DateTime, TimeZone as _, Utc};
use chrono_tz::Europe::Berlin;

use super::{FILES, Load};

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn every_load_in_the_program_reads() {
    for (name, _) in FILES {
        Load::named(name).unwrap();
    }
    assert!(Load::named("nothing").is_err());
}

#[test]
fn a_recorded_week_keeps_its_weekdays_and_wall_clock() {
    let load = Load::named("h0_berlin_15").unwrap();
    // Wednesday 1 May 2024 00:00 local, and the Wednesdays 4 and 130 weeks later, the last one in winter time.
    let first = load.at(utc("2024-04-30T22:00:00Z"), Berlin, 0);
    assert_eq!(first, (0.0645, 0.0));
    assert_eq!(load.at(utc("2024-05-28T22:00:00Z"), Berlin, 0), first);
    assert_eq!(
        load.at(utc("2026-10-27T23:00:00Z"), Berlin, 0),
        load.at(utc("2024-05-14T22:00:00Z"), Berlin, 0)
    );
}

#[test]
fn both_passes_of_a_repeated_hour_have_a_value() {
    let load = Load::named("own_pv_15").unwrap();
    let first = load.at(Utc.with_ymd_and_hms(2026, 10, 25, 0, 30, 0).unwrap(), Berlin, 0);
    let second = load.at(Utc.with_ymd_and_hms(2026, 10, 25, 1, 30, 0).unwrap(), Berlin, 0);
    assert!(first.0 > 0.0);
    assert_eq!(first, second);
}
