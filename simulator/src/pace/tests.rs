use chrono::DateTime;
use model::FixedClock;

use super::*;

const NOW: i64 = 1_800_000_000_000;

fn pace(speed: &str, first_ms: i64) -> Pace {
    let clock = FixedClock(DateTime::from_timestamp_millis(NOW).unwrap());
    Pace::new(speed.parse().unwrap(), Arc::new(clock), first_ms)
}

#[test]
fn speeds_are_words_or_factors() {
    assert_eq!("real".parse(), Ok(Speed::Real));
    assert_eq!("2.5x".parse(), Ok(Speed::Times(2.5)));
    for bad in ["", "x", "0x", "-1x", "fast", "infx", "NaNx", "5"] {
        assert_eq!(bad.parse::<Speed>(), Err(InvalidSpeed), "{bad}");
    }
}

#[test]
fn the_past_passes_faster_and_the_future_never() {
    let day = 86_400_000;
    let yesterday = NOW - day;
    let on_time = |speed: &str, first: i64, due: i64| pace(speed, first).wall_ms(due, due);
    assert_eq!(on_time("24x", yesterday, yesterday + day / 2), NOW + day / 48);
    assert!(on_time("max", yesterday, yesterday + 1) <= NOW);
    assert!(
        on_time("real", yesterday, yesterday + 1) <= NOW,
        "what was missed is sent at once"
    );
    for speed in ["real", "24x", "max"] {
        assert_eq!(on_time(speed, NOW, NOW + day), NOW + day, "{speed}");
    }
}

/// A reading of yesterday that comes a day late is due tomorrow; only in real time is that waited for.
#[test]
fn lateness_passes_at_the_fleets_speed() {
    let day = 86_400_000;
    let late = |speed: &str| pace(speed, NOW - day).wall_ms(NOW + day, NOW - day / 2) - NOW;
    assert_eq!([late("real"), late("48x")], [day, day / 24]);
    assert!(late("max") <= 0);
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_the_wait() {
    let stop = CancellationToken::new();
    let pace = pace("real", NOW);
    let before = tokio::time::Instant::now();
    assert!(wait(pace.pause(NOW + 1_000, NOW), &stop).await);
    assert_eq!(before.elapsed().as_secs(), 1);
    stop.cancel();
    assert!(!wait(pace.pause(NOW + 1_000_000, NOW), &stop).await);
    assert_eq!(before.elapsed().as_secs(), 1);
}
