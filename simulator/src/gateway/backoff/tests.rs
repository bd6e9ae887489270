use super::*;

fn backoff(patience: Duration) -> Backoff {
    Backoff::new(
        &Sending {
            patience,
            ..Sending::default()
        },
        1,
    )
}

#[tokio::test(start_paused = true)]
async fn pauses_double_with_jitter_up_to_a_limit() {
    let mut waits = backoff(Duration::from_secs(600));
    let mut longest = FIRST;
    for _ in 0..20 {
        let pause = waits.next(Duration::ZERO);
        assert!(
            longest.mul_f64(0.5) <= pause && pause <= longest,
            "{pause:?} of {longest:?}"
        );
        longest = (longest * 2).min(LONGEST);
    }
    assert!(
        waits.next(Duration::from_secs(9)) >= Duration::from_secs(9),
        "the receiver's wish is kept"
    );
}

#[tokio::test(start_paused = true)]
async fn patience_ends() {
    let mut waits = backoff(Duration::from_secs(30));
    let start = Instant::now();
    let error = loop {
        if let Err(error) = waits.after(&Status::unavailable("away")).await {
            break error;
        }
    };
    assert!(
        matches!(
            error,
            Error::GaveUp {
                code: Code::Unavailable,
                ..
            }
        ),
        "{error}"
    );
    assert!((20..=30).contains(&start.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_not_sent_again() {
    let mut waits = backoff(Duration::from_secs(30));
    let error = waits.after(&Status::unauthenticated("who are you")).await;
    assert!(matches!(
        error,
        Err(Error::Refused {
            code: Code::Unauthenticated,
            ..
        })
    ));
}
