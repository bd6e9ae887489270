use chrono_tz::{America, Europe, Pacific};
use proptest::prelude::*;

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn utc(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms)
        .unwrap()
        .format("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

#[test]
fn a_day_begins_at_its_first_instant() {
    let check =
        |zone, date: &str, expected: &str| assert_eq!(utc(midnight(zone, day(date)).unwrap()), expected);
    check(Europe::Berlin, "2024-03-31", "2024-03-30T23:00:00Z");
    check(Europe::Berlin, "2024-04-01", "2024-03-31T22:00:00Z");
    check(Europe::Berlin, "2024-10-28", "2024-10-27T23:00:00Z");
    // midnight does not exist: the clock goes from 00:00 to 01:00
    check(America::Santiago, "2024-09-08", "2024-09-08T04:00:00Z");
    check(chrono_tz::Africa::Cairo, "2024-04-26", "2024-04-25T22:00:00Z");
    // midnight comes twice: the first one
    check(America::Havana, "2024-11-03", "2024-11-03T04:00:00Z");
    // a date that was left out has no length
    check(Pacific::Apia, "2011-12-30", "2011-12-30T10:00:00Z");
    check(Pacific::Apia, "2011-12-31", "2011-12-30T10:00:00Z");
}

#[test]
fn offsets_change_at_the_second_the_clock_does() {
    let start = midnight(Europe::Berlin, day("2024-10-01")).unwrap();
    let end = midnight(Europe::Berlin, day("2024-11-01")).unwrap();
    let pieces: Vec<_> = offsets(Europe::Berlin, start, end)
        .unwrap()
        .iter()
        .map(|piece| {
            (
                utc(piece.start_ms),
                utc(piece.end_ms),
                piece.offset_ms / 3_600_000,
            )
        })
        .collect();
    let expected = [
        ("2024-09-30T22:00:00Z", "2024-10-27T01:00:00Z", 2),
        ("2024-10-27T01:00:00Z", "2024-10-31T23:00:00Z", 1),
    ];
    assert_eq!(
        pieces,
        expected.map(|(from, to, hours)| (from.to_owned(), to.to_owned(), hours))
    );
}

proptest! {
    /// Every local day is a stretch of its own, and the stretches leave nothing out.
    #[test]
    fn days_partition_time(zone in prop::sample::select(chrono_tz::TZ_VARIANTS.to_vec()), days in 0_u64..20_000, hour in 0_i64..24) {
        let date_1970 = day("1975-01-01").checked_add_days(chrono::Days::new(days)).unwrap();
        let start = midnight(zone, date_1970).unwrap();
        let end = midnight(zone, date_1970.succ_opt().unwrap()).unwrap();
        prop_assert!(start <= end);
        prop_assert!(end - start <= 26 * 3_600_000);
        let pieces = offsets(zone, start, end + DAY_MS).unwrap();
        prop_assert_eq!(pieces[0].start_ms, start);
        prop_assert!(pieces.windows(2).all(|pair| pair[0].end_ms == pair[1].start_ms));
        for piece in &pieces {
            let inside = piece.start_ms + hour * 3_600_000;
            if inside < piece.end_ms {
                prop_assert_eq!(offset_ms(zone, inside), Some(piece.offset_ms));
            }
        }
    }
}
