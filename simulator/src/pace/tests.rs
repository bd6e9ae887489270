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
    assert_eq!(
        pace("24x", yesterday).wall_ms(yesterday + day / 2),
        NOW + day / 48
    );
    assert!(pace("max", yesterday).wall_ms(yesterday + 1) <= NOW);
    assert!(
        pace("real", yesterday).wall_ms(yesterday + 1) <= NOW,
        "what was missed is sent at once"
    );
    for speed in ["real", "24x", "max"] {
        assert_eq!(pace(speed, NOW).wall_ms(NOW + day), NOW + day, "{speed}");
    }
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_the_wait() {
    let stop = CancellationToken::new();
    let pace = pace("real", NOW);
    let before = tokio::time::Instant::now();
    assert!(pace.wait(NOW + 1_000, &stop).await);
    assert_eq!(before.elapsed().as_secs(), 1);
    stop.cancel();
    assert!(!pace.wait(NOW + 1_000_000, &stop).await);
    assert_eq!(before.elapsed().as_secs(), 1);
}
