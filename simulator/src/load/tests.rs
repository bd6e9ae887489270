use bytes::Bytes;

use super::connection::Frames;
use super::*;

fn load(mode: Mode) -> Load {
    Load {
        mode,
        in_flight: 8,
        connections: 3,
        batch: if mode == Mode::Unary { 1 } else { 100 },
        rate: None,
        meters: 250,
        prefix: "load-".to_owned(),
        interval: Interval::QUARTER_HOUR,
        first_ms: 1_790_000_100_000,
        rounds: 4,
        duration: Duration::from_secs(60),
        count: None,
        profile: None,
        seed: 1,
    }
}

#[test]
fn frames_are_cut_wherever_the_pieces_end() {
    let wire: Vec<u8> = [
        &[0, 0, 0, 0, 3][..],
        b"abc",
        &[0, 0, 0, 0, 0],
        &[0, 0, 0, 0, 1],
        b"z",
    ]
    .concat();
    for cut in 0..=wire.len() {
        let mut frames = Frames::default();
        let mut found: Vec<Bytes> = Vec::new();
        for piece in [&wire[..cut], &wire[cut..]] {
            frames.push(piece);
            while let Some(message) = frames.next().unwrap() {
                found.push(message);
            }
        }
        assert_eq!(found, [&b"abc"[..], b"", b"z"], "cut at {cut}");
    }
    let mut frames = Frames::default();
    frames.push(&[1, 0, 0, 0, 0]);
    assert!(frames.next().is_err(), "nobody asked for compression");
}

#[tokio::test(start_paused = true)]
async fn an_open_load_is_due_by_the_clock() {
    let open = Load {
        meters: 400,
        rate: Some(1_000),
        count: Some(400),
        ..load(Mode::Stream)
    };
    let began = Instant::now();
    let tickets = Tickets::new(&open, began, CancellationToken::new());
    let due: Vec<Duration> = std::iter::from_fn(|| tickets.take())
        .map(|ticket| ticket.due - began)
        .collect();
    assert_eq!(
        due,
        [0, 100, 200, 300].map(Duration::from_millis),
        "100 readings each, 1,000 a second"
    );
    assert!(tickets.exhausted());
}

/// The last block of meters is smaller than a batch, and fewer meters than a batch are a small message each: the readings count.
#[tokio::test(start_paused = true)]
async fn a_rate_is_of_readings_however_many_a_message_has() {
    let due = |load: &Load| {
        let began = Instant::now();
        let tickets = Tickets::new(load, began, CancellationToken::new());
        let due: Vec<u128> = std::iter::from_fn(|| tickets.take())
            .map(|ticket| (ticket.due - began).as_millis())
            .collect();
        due
    };
    let open = |meters, batch, rate| Load {
        meters,
        batch,
        rate: Some(rate),
        rounds: 1_000,
        duration: Duration::from_millis(1_000),
        ..load(Mode::Stream)
    };
    let ragged = due(&open(250, 100, 1_000));
    assert_eq!(ragged, [0, 100, 200, 250, 350, 450, 500, 600, 700, 750, 850, 950]);
    let few = due(&open(1, 1_000, 100));
    assert_eq!(
        (few.len(), few.last()),
        (100, Some(&990)),
        "one meter at 100 a second"
    );
}

#[tokio::test(start_paused = true)]
async fn a_load_ends_by_count_by_time_or_when_told() {
    let count = |load: &Load, stop: &CancellationToken| {
        let tickets = Tickets::new(load, Instant::now(), stop.clone());
        std::iter::from_fn(|| tickets.take()).count()
    };
    let stop = CancellationToken::new();
    assert_eq!(
        count(&load(Mode::Stream), &stop),
        3 * 4,
        "three blocks of meters, four rounds"
    );
    assert_eq!(
        count(
            &Load {
                count: Some(101),
                ..load(Mode::Stream)
            },
            &stop
        ),
        2
    );
    let few = Load {
        meters: 5,
        count: Some(12),
        ..load(Mode::Stream)
    };
    assert_eq!(count(&few, &stop), 3, "5, 5 and 5 readings");
    assert_eq!(
        count(
            &Load {
                duration: Duration::ZERO,
                ..load(Mode::Stream)
            },
            &stop
        ),
        0
    );
    stop.cancel();
    assert_eq!(count(&load(Mode::Stream), &stop), 0);
}

#[test]
fn in_flight_is_shared_among_the_streams() {
    let load = load(Mode::Stream);
    let windows: Vec<usize> = (0..3).map(|lane| load.window(lane)).collect();
    assert_eq!(windows, [3, 3, 2]);
}

#[tokio::test]
async fn the_empty_server_takes_every_mode() {
    let server = EmptyServer::start().unwrap();
    for mode in [Mode::Unary, Mode::Stream, Mode::Columns] {
        let report = load(mode)
            .measure(&server.endpoint(), None, &CancellationToken::new())
            .await
            .unwrap();
        assert_eq!(
            (report.readings, report.tally.accepted),
            (1_000, 1_000),
            "{mode:?}"
        );
        assert!(report.exhausted);
        assert_eq!(
            report.last_start,
            crate::anomaly::rfc3339(1_790_000_100_000 + 3 * 900_000)
        );
        assert!(report.latency_us.p50 <= report.latency_us.p99 && report.bytes_sent > 0);
    }
}
