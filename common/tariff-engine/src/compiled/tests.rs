use chrono_tz::{America, Australia, Europe, Tz};
use proptest::prelude::*;

use model::Energy;

use super::*;
use crate::exact::Exact;
use crate::local;

mod zones;

const QUARTER_MS: i64 = 900_000;

fn tariff(zone: Tz, charges: &str, bill_charges: &str) -> Arc<Tariff> {
    let tariff = Tariff::parse(&format!(
        r#"{{"currency": "EUR", "timezone": "{zone}", "rounding": {{"scope": "line", "mode": "half_up", "places": 2}},
            "charges": [{charges}], "bill_charges": [{bill_charges}]}}"#
    ))
    .unwrap_or_else(|problems| panic!("{problems}"));
    Arc::new(tariff)
}

const BANDS: &str = r#"{"id": "e", "type": "energy", "bands": [
        {"name": "peak", "rate": "0.4", "when": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "16:00", "to": "21:00"}]},
        {"name": "winter", "rate": "0.35", "when": [{"months": [12, 1, 2]}]},
        {"name": "night", "rate": "0.2", "when": [{"from": "23:30", "to": "05:15"}]}], "otherwise": {"name": "day", "rate": "0.3"}},
    {"id": "x", "type": "energy", "register": "export", "sign": "-1", "rate": 0.08},
    {"id": "fee", "type": "monthly", "amount": 9}"#;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn quarters(period: &Period) -> Vec<Interval> {
    let starts = (period.start_ms..period.end_ms).step_by(usize::try_from(QUARTER_MS).unwrap());
    let make = |start_ms: i64| Interval {
        start_ms,
        minutes: 15,
        import: Energy::from_milliwatt_hours(start_ms / QUARTER_MS % 7919 * 31),
        export: Energy::from_milliwatt_hours(start_ms / QUARTER_MS % 401),
    };
    starts.map(make).collect()
}

#[test]
fn bill_charges_see_the_lines_they_name() {
    let tariff = tariff(
        Europe::Berlin,
        r#"{"id": "e", "type": "energy", "rate": "0.30"}, {"id": "fee", "type": "daily", "amount": 1}"#,
        r#"{"id": "least", "type": "minimum", "amount": 10, "of": ["e", "fee"]},
           {"id": "most", "type": "maximum", "amount": 8},
           {"id": "discount", "type": "percent", "rate": "-0.5", "of": ["most", "fee"]},
           {"id": "vat", "type": "percent", "rate": 0.2, "tax": {"category": "S"}, "of": ["e", "fee", "most"]}"#,
    );
    let period = Period::of_dates(Europe::Berlin, day("2024-06-01"), day("2024-06-03")).unwrap();
    let statement = tariff.compile(&period).unwrap().price(&[]).unwrap();
    let lines: Vec<_> = statement
        .lines
        .iter()
        .map(|line| (line.id.as_str(), line.amount_text()))
        .collect();
    let expected = [
        ("e", "0.00"),
        ("fee", "2.00"),
        ("least", "8.00"),
        ("most", "-2.00"),
        ("discount", "0.00"),
        ("vat", "0.00"),
    ];
    assert_eq!(lines, expected.map(|(id, amount)| (id, amount.to_owned())));
    assert_eq!(statement.total_text, "8.00");
    assert_eq!(statement.untaxed, ["least", "discount"]);
}

#[test]
fn a_day_no_version_covers_is_named() {
    let text = r#"{"currency": "EUR", "timezone": "Europe/Berlin", "rounding": {"scope": "none"}, "versions": [
        {"valid_from": "2024-01-01", "valid_to": "2024-02-01", "charges": []},
        {"valid_from": "2024-02-03", "charges": []}]}"#;
    let tariff = Arc::new(Tariff::parse(text).unwrap());
    let gap = |from: &str, to: &str| {
        let period = Period::of_dates(Europe::Berlin, day(from), day(to)).unwrap();
        tariff.compile(&period).map(|_| ()).unwrap_err()
    };
    assert_eq!(
        gap("2024-01-15", "2024-02-15"),
        RatingError::TariffGap {
            day: day("2024-02-01")
        }
    );
    assert_eq!(
        gap("2024-02-02", "2024-02-15"),
        RatingError::TariffGap {
            day: day("2024-02-02")
        }
    );
    assert_eq!(
        gap("2023-12-31", "2024-01-15"),
        RatingError::TariffGap {
            day: day("2023-12-31")
        }
    );
}

#[test]
fn parts_of_days_count_by_their_midnights() {
    let midnight = local::midnight(Europe::Berlin, day("2024-06-02")).unwrap();
    let noon = midnight + 12 * 3_600_000;
    let count = |start, end| {
        Period::new(Europe::Berlin, start, end)
            .unwrap()
            .days()
            .unwrap()
            .len()
    };
    assert_eq!(count(midnight, noon), 1);
    assert_eq!(count(noon, noon + local::DAY_MS), 1);
    assert_eq!(count(noon, noon + 3_600_000), 0);
}

fn zones() -> impl Strategy<Value = Tz> {
    prop::sample::select(vec![
        Europe::Berlin,
        America::New_York,
        America::Santiago,
        America::Havana,
        Australia::Lord_Howe,
        Tz::Asia__Kathmandu,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Every interval lies in the band that the rules give for the local date and clock of its start, also around clock changes.
    #[test]
    fn bands_follow_the_local_clock(zone in zones(), start in 0_u64..730, len in 1_u64..40) {
        let tariff = tariff(zone, BANDS, "");
        let from = day("2023-01-01").checked_add_days(chrono::Days::new(start)).unwrap();
        let to = from.checked_add_days(chrono::Days::new(len)).unwrap();
        let period = Period::of_dates(zone, from, to).unwrap();
        let compiled = tariff.compile(&period).unwrap();
        let energy = tariff.versions[0].charges[0].pricing();
        let mut cursor = compiled.segments.cursor();
        for interval in quarters(&period) {
            let local = interval.start_ms + local::offset_ms(zone, interval.start_ms).unwrap();
            let minute = u32::try_from(local.rem_euclid(local::DAY_MS) / 60_000).unwrap();
            let date = local::date(zone, interval.start_ms).unwrap();
            let slot = cursor.slot_at(interval.start_ms).unwrap();
            let band = compiled.segments.slots_of(0).find(|(id, _)| *id == slot).unwrap().1[0];
            prop_assert_eq!(band, energy.pick(date, minute, &compiled.calendar), "{} {}", date, minute);
        }
        prop_assert_eq!(compiled.days, u32::try_from(len).unwrap());
        prop_assert_eq!(cursor.slot_at(period.start_ms - 1), None);
        prop_assert_eq!(cursor.slot_at(period.end_ms), None);
    }

    /// Lines sum to the total, bands to the register, and the order of intervals does not matter.
    #[test]
    fn lines_sum_to_the_total(zone in zones(), start in 0_u64..730, len in 1_u64..10, turn in 0_usize..900) {
        let tariff = tariff(zone, BANDS, r#"{"id": "vat", "type": "percent", "rate": "0.19"}"#);
        let from = day("2023-01-01").checked_add_days(chrono::Days::new(start)).unwrap();
        let period = Period::of_dates(zone, from, from.checked_add_days(chrono::Days::new(len)).unwrap()).unwrap();
        let compiled = tariff.compile(&period).unwrap();
        let mut intervals = quarters(&period);
        let statement = compiled.price(&intervals).unwrap();
        let sum = |pick: &dyn Fn(&&Line) -> bool, value: fn(&Line) -> Exact| {
            Exact::sum(statement.lines.iter().filter(pick).map(value))
        };
        prop_assert_eq!(sum(&|_| true, |line| line.amount.clone()), statement.total.clone());
        prop_assert_eq!(sum(&|line| line.is_named("e"), |line| line.quantity.clone()), statement.totals[&Register::Import].clone());
        prop_assert_eq!(sum(&|line| line.is_named("x"), |line| line.quantity.clone()), statement.totals[&Register::Export].clone());
        prop_assert_eq!(usize::try_from(statement.intervals).unwrap(), intervals.len());
        let turn = turn % intervals.len();
        intervals.rotate_left(turn);
        intervals.reverse();
        prop_assert_eq!(compiled.price(&intervals).unwrap(), statement);
    }

    /// Cutting an interval in two changes no flat charge.
    #[test]
    fn splitting_an_interval_changes_no_flat_charge(at in 0_usize..96, first in 0_i64..=5_000_000) {
        let tariff = tariff(
            Europe::Berlin,
            r#"{"id": "e", "type": "energy", "rate": "0.3071"}, {"id": "fee", "type": "annual", "amount": 99}"#,
            "",
        );
        let period = Period::of_dates(Europe::Berlin, day("2024-06-01"), day("2024-06-02")).unwrap();
        let compiled = tariff.compile(&period).unwrap();
        let mut intervals = quarters(&period);
        let whole = compiled.price(&intervals).unwrap();
        let all = intervals[at].import.as_milliwatt_hours();
        let part = first.min(all);
        intervals[at].import = Energy::from_milliwatt_hours(part);
        let rest = Interval {
            start_ms: intervals[at].start_ms + QUARTER_MS / 2,
            import: Energy::from_milliwatt_hours(all - part),
            export: Energy::ZERO,
            minutes: 7,
        };
        intervals.push(rest);
        let amounts = |statement: &Statement| statement.lines.iter().map(|line| line.amount.clone()).collect::<Vec<_>>();
        prop_assert_eq!(amounts(&compiled.price(&intervals).unwrap()), amounts(&whole));
    }

    /// A cycle with a change of version is the sum of its parts, before rounding; and what is carried makes several bills one history.
    #[test]
    fn a_cycle_is_the_sum_of_its_versions(zone in zones(), start in 0_u64..730, first in 1_u64..10, second in 1_u64..10) {
        let from = day("2023-01-01").checked_add_days(chrono::Days::new(start)).unwrap();
        let change = from.checked_add_days(chrono::Days::new(first)).unwrap();
        let to = change.checked_add_days(chrono::Days::new(second)).unwrap();
        let tiers = r#"{"id": "t", "type": "tiered", "allowance": "per_day", "tiers": [{"up_to": 3, "rate": 1}, {"up_to": null, "rate": 2}]},
            {"id": "p", "type": "demand", "window_minutes": 30, "rate": 5}"#;
        let text = format!(
            r#"{{"currency": "EUR", "timezone": "{zone}", "rounding": {{"scope": "none"}}, "versions": [
                {{"valid_from": "2020-01-01", "valid_to": "{change}", "charges": [{BANDS}, {tiers}]}}, {{"valid_from": "{change}", "charges": [{tiers}, {BANDS}]}}]}}"#
        );
        let tariff = Arc::new(Tariff::parse(&text).unwrap());
        let bill = |from, to| {
            let period = Period::of_dates(zone, from, to).unwrap();
            tariff.compile(&period).unwrap().price(&quarters(&period)).unwrap()
        };
        let (whole, mut parts) = (bill(from, to), bill(from, change).lines);
        parts.extend(bill(change, to).lines);
        prop_assert_eq!(whole.lines, parts);
    }

    /// Windows of whole intervals and windows of parts agree: the same load in intervals half as long has the same highest hour.
    #[test]
    fn the_highest_hour_does_not_depend_on_the_length_of_intervals(values in prop::collection::vec(0_i64..1_000_000, 24)) {
        let tariff = tariff(Europe::Berlin, r#"{"id": "p", "type": "demand", "window_minutes": 60, "slide_minutes": 30, "rate": 1}"#, "");
        let period = Period::of_dates(Europe::Berlin, day("2024-06-01"), day("2024-06-02")).unwrap();
        let price = |parts: i64| {
            let minutes = 60 / parts;
            let intervals: Vec<Interval> = (0..24 * parts)
                .map(|index| Interval {
                    start_ms: period.start_ms + index * minutes * 60_000,
                    minutes: u32::try_from(minutes).unwrap(),
                    import: Energy::from_milliwatt_hours(values[usize::try_from(index / parts).unwrap()] * 4 / parts),
                    export: Energy::ZERO,
                })
                .collect();
            tariff.compile(&period).unwrap().price(&intervals).unwrap().total
        };
        prop_assert_eq!(price(1), price(4));
        prop_assert_eq!(price(2), price(4));
    }
}
