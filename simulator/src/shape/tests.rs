use chrono::{TimeZone as _, Utc};
use chrono_tz::Tz;

use super::*;

const BERLIN: Tz = Tz::Europe__Berlin;

fn at(text: &str) -> LocalTime {
    let ms = text.parse::<chrono::DateTime<Utc>>().unwrap().timestamp_millis();
    LocalTime::at(BERLIN, ms)
}

fn mean(shape: impl Fn(&Step) -> Flow, time: LocalTime) -> f64 {
    let flows = (0..200).map(|n| {
        let own = Draw::new(n);
        shape(&Step {
            time,
            hours: 0.25,
            own,
            of_day: own.with(9),
        })
        .used_kwh
    });
    flows.sum::<f64>() / 200.0
}

#[test]
fn wall_clocks_follow_the_zone() {
    let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    close(at("2026-01-15T12:00:00Z").hour, 13.0);
    close(at("2026-07-15T12:00:00Z").hour, 14.0);
    assert!(at("2026-07-17T22:30:00Z").weekend, "already Saturday in Berlin");
    assert!(!at("2026-07-19T22:30:00Z").weekend, "already Monday in Berlin");
    let edge = Utc
        .with_ymd_and_hms(2026, 3, 29, 1, 0, 0)
        .unwrap()
        .timestamp_millis();
    close(LocalTime::at(BERLIN, edge - 1_000).hour, 2.0 - 1.0 / 3_600.0);
    close(LocalTime::at(BERLIN, edge).hour, 3.0);
}

#[test]
fn homes_have_an_evening_peak_and_a_winter() {
    let home = Household::drawn(Draw::new(3));
    let used = |text| mean(|step| home.flow(step), at(text));
    let (night, evening) = (used("2026-01-14T02:00:00Z"), used("2026-01-14T18:30:00Z"));
    assert!(evening > 2.5 * night, "{evening} {night}");
    assert!(
        evening > used("2026-07-15T17:30:00Z"),
        "winter evenings need more"
    );
    assert!(
        used("2026-01-17T10:00:00Z") > 1.1 * used("2026-01-14T10:00:00Z"),
        "weekend mornings are at home"
    );
}

#[test]
fn offices_sleep_at_the_weekend() {
    let office = Office::drawn(Draw::new(3));
    let used = |text| mean(|step| office.flow(step), at(text));
    assert!(used("2026-01-14T10:00:00Z") > 2.0 * used("2026-01-17T10:00:00Z"));
    assert!(used("2026-01-14T10:00:00Z") > 2.0 * used("2026-01-14T02:00:00Z"));
}

#[test]
fn roofs_need_the_sun() {
    let roof = Roof::drawn(Draw::new(3));
    let made = |text: &str| {
        let days = (0..200).map(|n| roof.output_kw(&at(text), Draw::new(n)));
        days.sum::<f64>() / 200.0
    };
    assert!(made("2026-06-15T23:00:00Z") < 1e-12);
    assert!(made("2026-12-15T16:30:00Z") < 1e-12);
    assert!(made("2026-06-15T11:00:00Z") > 2.0 * made("2026-12-15T12:00:00Z"));
    assert!(made("2026-06-15T11:00:00Z") < 10.0);
}
