use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

use super::{WITHIN, until_up};
use crate::Readiness;

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
struct No(&'static str);

fn report(readiness: &Readiness) -> String {
    readiness.report().1
}

#[tokio::test(start_paused = true)]
async fn a_server_that_comes_up_is_found() {
    let tries = Cell::new(0);
    let open = || async {
        tries.set(tries.get() + 1);
        if tries.get() < 5 {
            Err(No("refused"))
        } else {
            Ok(7)
        }
    };
    let readiness = Readiness::default();
    let store = readiness.told_by("store", true);
    assert_eq!(report(&readiness), "not ready\nstore: down (not asked yet)\n");
    assert_eq!(until_up(&store, |_| true, open).await, Ok(7));
    assert_eq!(tries.get(), 5);
    assert_eq!(report(&readiness), "not ready\nstore: up\n");
}

#[tokio::test(start_paused = true)]
async fn patience_ends() {
    let began = Instant::now();
    let readiness = Readiness::default();
    let store = readiness.told_by("store", true);
    let outcome: Result<(), _> = until_up(&store, |_| true, || async { Err(No("refused")) }).await;
    assert_eq!(outcome, Err(No("refused")));
    assert_eq!(
        report(&readiness),
        "not ready\nstore: down (waiting for it: it cannot be reached)\n"
    );
    let took = began.elapsed();
    assert!(
        took <= WITHIN && took > WITHIN - Duration::from_secs(5),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_will_not_get_better_is_told_at_once() {
    let began = Instant::now();
    let store = Readiness::default().told_by("store", true);
    let outcome: Result<(), _> = until_up(&store, |_| false, || async { Err(No("wrong password")) }).await;
    assert_eq!(outcome, Err(No("wrong password")));
    assert_eq!(began.elapsed(), Duration::ZERO);
}
