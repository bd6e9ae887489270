use super::*;

#[tokio::test(start_paused = true)]
async fn after_failures_in_a_row_one_asks_now_and_then() {
    let breaker = Breaker::default();
    for _ in 1..FAILURES_TO_OPEN {
        breaker.attempt().unwrap().failed();
    }
    breaker.attempt().unwrap().succeeded();
    for _ in 0..FAILURES_TO_OPEN {
        breaker.attempt().unwrap().failed();
    }
    assert!(breaker.attempt().is_none());
    tokio::time::advance(OPEN_FOR).await;
    let probe = breaker.attempt().unwrap();
    assert!(breaker.attempt().is_none(), "one at a time");
    probe.failed();
    assert!(breaker.attempt().is_none());
    tokio::time::advance(OPEN_FOR).await;
    let _unanswered = breaker.attempt().unwrap();
    assert!(breaker.attempt().is_none(), "nobody knows what came of it");
    tokio::time::advance(OPEN_FOR).await;
    breaker.attempt().unwrap().succeeded();
    let both = (breaker.attempt(), breaker.attempt());
    assert!(both.0.is_some() && both.1.is_some());
}
