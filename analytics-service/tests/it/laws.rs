//! At rest every window equals the naive fold of everything that billing has, whatever happened before.

use std::time::Duration;

use analytics_service::Running;
use proptest::prelude::*;
use proto::billing::Group;
use proto::columns::Row;

use crate::world::{KIND, SHARDS, Told, World, by_region, group};

const NOW: &str = "2026-06-10T22:40:00Z";
const RANGE: (&str, &str) = ("2026-06-06T00:00:00Z", "2026-06-12T00:00:00Z");
/// Start of the first day that readings come from.
const FIRST_MS: i64 = 1_780_790_400_000; // 2026-06-07

/// Something that happens.
#[derive(Debug, Clone)]
enum Event {
    Readings(Vec<Told>),
    /// Readings that come while billing folds.
    Surprise(Vec<Told>),
    /// The publisher sends an earlier message again, not marked as a repeat.
    PublishedAgain(prop::sample::Index),
    /// Staff put a meter somewhere from a time on, or remove it.
    Moved(usize, i64, Option<usize>),
    /// The same while billing folds.
    MovedMeanwhile(usize, i64, Option<usize>),
    Waited(u64),
    /// Hours pass at once.
    ClockJumped(u64),
    Killed,
    Restarted,
    /// Retention removes every message so far.
    Overtaken,
    BillingStalls,
    BillingCatchesUp,
    Garbage,
}

fn meter(number: usize) -> String {
    format!("M-{number}")
}

/// Where staff may put a meter.
fn place(number: usize) -> Group {
    group(["north", "south", "west"][number], "Europe/Berlin")
}

fn told() -> impl Strategy<Value = Told> {
    let time = (
        0..4_i64,
        prop_oneof![4 => (0..96_i64).prop_map(|quarter| quarter * 15), 1 => 0..1440_i64],
    );
    let content = (0..5_i64, prop_oneof![6 => Just(0_u32), 1 => 1..3_u32], 1..=4_u32);
    let what = (
        prop_oneof![8 => Just(1_u32), 1 => 2..=3_u32],
        1..=3_u32,
        prop::bool::weighted(0.1),
    );
    (0..4_usize, time, content, what).prop_map(|(number, (day, minute), content, (kind, channel, repeat))| {
        let (value, revision, quality) = content;
        Told {
            meter: meter(number),
            row: Row {
                meter: 0,
                start_ms: FIRST_MS + day * 86_400_000 + minute * 60_000,
                kind: if kind == 2 { 3 } else { kind },
                channel,
                register: 0,
                value: value * 1000 + i64::from(quality),
                interval_seconds: 900,
                quality,
                revision,
                sequence: 0,
            },
            repeat,
        }
    })
}

/// A meter, since when it is somewhere, and where.
fn movement() -> impl Strategy<Value = (usize, i64, Option<usize>)> {
    let quarter = (0..4 * 96_i64).prop_map(|quarter| FIRST_MS + quarter * 900_000);
    let since = prop_oneof![1 => Just(i64::MIN), 3 => quarter];
    (0..4_usize, since, prop::option::weighted(0.9, 0..3_usize))
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        12 => prop::collection::vec(told(), 1..40).prop_map(Event::Readings),
        4 => prop::collection::vec(told(), 1..20).prop_map(Event::Surprise),
        2 => any::<prop::sample::Index>().prop_map(Event::PublishedAgain),
        4 => movement().prop_map(|(meter, since, to)| Event::Moved(meter, since, to)),
        2 => movement().prop_map(|(meter, since, to)| Event::MovedMeanwhile(meter, since, to)),
        6 => (0..8_000_u64).prop_map(Event::Waited),
        1 => (20_000..60_000_u64).prop_map(Event::Waited),
        1 => (1..8_u64).prop_map(Event::ClockJumped),
        2 => Just(Event::Killed),
        1 => Just(Event::Restarted),
        1 => Just(Event::Overtaken),
        1 => Just(Event::BillingStalls),
        1 => Just(Event::BillingCatchesUp),
        1 => Just(Event::Garbage),
    ]
}

/// Lets events happen until one ends the session; says how many happened.
async fn happen(world: &World, running: Running, events: &[Event]) -> usize {
    for (count, event) in events.iter().enumerate() {
        match event {
            Event::Readings(readings) => world.tell(readings),
            Event::Surprise(readings) => world.surprise(readings),
            Event::PublishedAgain(which) => {
                let log = world.bus.log();
                if !log.is_empty() {
                    let kept = which.get(&log);
                    world.bus.put(kept.shard, kept.kind, kept.body.clone());
                }
            }
            Event::Moved(number, since, to) => world.reads.move_at(&meter(*number), *since, to.map(place)),
            Event::MovedMeanwhile(number, since, to) => {
                world.reads.move_meanwhile(&meter(*number), *since, to.map(place));
            }
            Event::Waited(millis) => tokio::time::sleep(Duration::from_millis(*millis)).await,
            Event::ClockJumped(hours) => world.clock.jump(Duration::from_hours(*hours)),
            Event::Killed => return count + 1,
            Event::Restarted => {
                assert!(running.stop(Duration::from_secs(5)).await);
                return count + 1;
            }
            Event::Overtaken => world.bus.forget(),
            Event::BillingStalls => world.reads.set_behind(true),
            Event::BillingCatchesUp => world.reads.set_behind(false),
            Event::Garbage => world.bus.put(0, KIND, bytes::Bytes::from_static(b"\xff\xff")),
        }
    }
    assert!(running.stop(Duration::from_secs(5)).await);
    events.len()
}

/// At rest: equal to the naive fold, in every resolution; again after a restart, without a further message.
fn at_rest(world: &World) {
    world.reads.set_behind(false);
    world.reads.let_surprises_happen();
    world.reads.let_moves_happen();
    // what follows a gap must be there to be noticed
    for shard in 0..SHARDS {
        world.bus.put(shard, KIND, proto_empty());
    }
    let minutes = world.expected();
    world.session(async |running| {
        tokio::time::sleep(Duration::from_secs(120)).await;
        assert_eq!(by_region(&running, "1m", RANGE).await, minutes);
        assert!(running.stop(Duration::from_secs(5)).await);
    });
    let mut hours = std::collections::BTreeMap::new();
    for ((region, start), (import, export, readings)) in &minutes {
        let sum = hours
            .entry((region.clone(), start.div_euclid(3_600_000) * 3_600_000))
            .or_insert((0, 0, 0));
        *sum = (sum.0 + import, sum.1 + export, sum.2 + readings);
    }
    world.session(async |running| {
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(by_region(&running, "1m", RANGE).await, minutes);
        assert_eq!(by_region(&running, "1h", RANGE).await, hours);
    });
}

fn proto_empty() -> bytes::Bytes {
    use prost::Message as _;
    let columns = proto::meter::ReadingColumns {
        schema: 1,
        ..proto::meter::ReadingColumns::default()
    };
    columns.encode_to_vec().into()
}

/// Distinct quarters of today, one after the other, with what happens in between.
async fn tell_today(
    world: &World,
    running: Running,
    events: &[Event],
    quarters: &mut impl Iterator<Item = i64>,
) -> usize {
    for (count, event) in events.iter().enumerate() {
        match event {
            Event::Readings(readings) | Event::Surprise(readings) => {
                let quarter = quarters.next().unwrap_or_default();
                let mut readings = readings.clone();
                readings.sort_by(|a, b| a.meter.cmp(&b.meter));
                readings.dedup_by(|a, b| a.meter == b.meter);
                for told in &mut readings {
                    told.repeat = false;
                    (told.row.kind, told.row.channel, told.row.revision) = (1, 1, 0);
                    told.row.start_ms = FIRST_MS + 3 * 86_400_000 + quarter * 900_000;
                }
                match event {
                    Event::Surprise(_) => world.surprise(&readings),
                    _ => world.tell(&readings),
                }
            }
            Event::Killed => return count + 1,
            Event::Restarted => {
                assert!(running.stop(Duration::from_secs(5)).await);
                return count + 1;
            }
            Event::Waited(millis) => tokio::time::sleep(Duration::from_millis(*millis)).await,
            Event::BillingStalls => world.reads.set_behind(true),
            Event::BillingCatchesUp => world.reads.set_behind(false),
            _ => {}
        }
    }
    assert!(running.stop(Duration::from_secs(5)).await);
    events.len()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn at_rest_windows_are_a_pure_function_of_reads(
        events in prop::collection::vec(event(), 1..40),
        memory in prop_oneof![Just(24_u64 << 20), Just(8_000)],
    ) {
        let mut world = World::new(NOW);
        world.config.memory = memory;
        let mut rest = events.as_slice();
        while !rest.is_empty() {
            let done = world.session(async |running| happen(&world, running, rest).await);
            rest = &rest[done..];
        }
        at_rest(&world);
    }

    /// Without repeats and late readings nothing has to be folded: the bus alone brings the right values, whatever folds, crashes
    /// and deliveries again come between.
    #[test]
    fn values_of_today_are_right_before_any_fold(events in prop::collection::vec(event(), 1..40)) {
        let world = World::new(NOW);
        for number in 0..3 {
            world.reads.register(&meter(number), Some(group("north", "Europe/Berlin")));
        }
        let mut quarters = 0..;
        let mut rest = events.as_slice();
        while !rest.is_empty() {
            let done = world.session(async |running| tell_today(&world, running, rest, &mut quarters).await);
            rest = &rest[done..];
        }
        world.reads.let_surprises_happen();
        world.reads.set_behind(true);
        world.tell(&[crate::world::import("M-0", "2026-06-10T23:45:00Z", 5)]);
        world.session(async |running| {
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert_eq!(by_region(&running, "1m", RANGE).await, world.expected());
        });
    }
}
