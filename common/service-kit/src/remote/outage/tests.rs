use std::time::Duration;

use tokio::time::advance;

use super::{FIRST_PAUSE, LONGEST_PAUSE, Outage};

#[tokio::test(start_paused = true)]
async fn pauses_grow_to_their_bound_and_end_with_the_first_success() {
    let outage = Outage::new("billing");
    assert!(outage.pause_over().is_ok(), "nothing has failed yet");
    let longest = LONGEST_PAUSE + LONGEST_PAUSE / 4;
    let mut pauses = Vec::new();
    for _ in 0..8 {
        outage.noticed("refused");
        let mut pause = Duration::ZERO;
        while outage.pause_over().is_err() {
            // Calls that were under way when the first one failed do not make it longer.
            outage.noticed("refused");
            advance(Duration::from_millis(5)).await;
            pause += Duration::from_millis(5);
            assert!(pause <= longest + Duration::from_millis(5), "{pause:?}");
        }
        pauses.push(pause);
    }
    assert!(pauses[0] <= FIRST_PAUSE * 2, "{pauses:?}");
    assert!(pauses[7] >= LONGEST_PAUSE, "{pauses:?}");
    outage.noticed("refused");
    outage.over();
    assert!(outage.pause_over().is_ok());
    outage.noticed("refused");
    advance(FIRST_PAUSE * 2).await;
    assert!(outage.pause_over().is_ok(), "it begins anew");
}
