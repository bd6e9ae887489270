use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{OnFailure, Tasks};

const GRACE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn draining_waits_for_tasks_that_watch_the_stop_token() {
    let tasks = Tasks::default();
    let stop = tasks.stop_token();
    let (done, finished) = tokio::sync::oneshot::channel();
    tasks.spawn("worker", OnFailure::Log, async move {
        stop.cancelled().await;
        done.send(()).map_err(|()| "nobody waits")
    });
    assert!(tasks.drain(GRACE).await);
    finished.await.unwrap();
}

#[tokio::test]
async fn draining_gives_up_at_its_deadline() {
    let tasks = Tasks::default();
    tasks.spawn("deaf", OnFailure::Log, std::future::pending::<Result<(), &str>>());
    assert!(!tasks.drain(Duration::from_millis(20)).await);
}

#[tokio::test]
async fn a_failure_stops_the_process_only_where_it_was_declared() {
    let failed = CancellationToken::new();
    let tasks = Tasks::new(failed.clone());
    tasks.spawn("optional", OnFailure::Log, async { Err("broken") });
    assert!(tasks.drain(GRACE).await);
    assert!(!failed.is_cancelled());

    let tasks = Tasks::new(failed.clone());
    tasks.spawn("vital", OnFailure::StopProcess, async { Err("broken") });
    failed.cancelled().await;
    assert!(!tasks.drain(GRACE).await, "what it had to do is not done");
}

#[tokio::test]
async fn a_panic_counts_as_a_failure() {
    let failed = CancellationToken::new();
    let tasks = Tasks::new(failed.clone());
    tasks.spawn("vital", OnFailure::StopProcess, async {
        if tasks_are_alive() {
            panic!("on purpose");
        }
        Ok::<(), &str>(())
    });
    failed.cancelled().await;
}

fn tasks_are_alive() -> bool {
    true
}
