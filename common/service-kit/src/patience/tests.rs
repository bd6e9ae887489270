use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

use super::{WITHIN, until_up};

#[tokio::test(start_paused = true)]
async fn a_server_that_comes_up_is_found() {
    let tries = Cell::new(0);
    let open = || async {
        tries.set(tries.get() + 1);
        if tries.get() < 5 { Err("refused") } else { Ok(7) }
    };
    assert_eq!(until_up("the store", |_| true, open).await, Ok(7));
    assert_eq!(tries.get(), 5);
}

#[tokio::test(start_paused = true)]
async fn patience_ends() {
    let began = Instant::now();
    let outcome: Result<(), _> = until_up("the store", |_| true, || async { Err("refused") }).await;
    assert_eq!(outcome, Err("refused"));
    let took = began.elapsed();
    assert!(
        took <= WITHIN && took > WITHIN - Duration::from_secs(5),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_will_not_get_better_is_told_at_once() {
    let began = Instant::now();
    let outcome: Result<(), _> = until_up("the store", |_| false, || async { Err("wrong password") }).await;
    assert_eq!(outcome, Err("wrong password"));
    assert_eq!(began.elapsed(), Duration::ZERO);
}
