use super::*;
use crate::day::DAY_MS;

/// In `group` from day `from` on.
fn since(from: i64, group: GroupIndex) -> Stays {
    [Stay {
        from_ms: from * DAY_MS,
        to_ms: i64::MAX,
        place: group,
    }]
    .into()
}

fn assignment(version: u64, meters: &[(u64, Stays)]) -> Assignment {
    let assigned = |(hash, stays): &(u64, Stays)| Assigned {
        hash: *hash,
        stays: Arc::clone(stays),
        heard: *hash == 3,
    };
    Assignment {
        version,
        meters: meters.iter().map(assigned).collect(),
    }
}

/// Which of days 0 to 9 are touched, with and without readings of no group.
fn touched(moves: &Moves) -> [Vec<i32>; 2] {
    [true, false].map(|unknown| (0..10).filter(|day| moves.touch(*day, unknown)).collect())
}

#[test]
fn moves_say_which_readings_belong_elsewhere() {
    let mut meters = Meters::default();
    let assign = |meters: &mut Meters, version, what: &[(u64, Stays)]| {
        touched(&meters.assign(&assignment(version, what)))
    };
    let group = |meters: &mut Meters, hash, day| meters.hear(hash, day * DAY_MS).place;
    assert_eq!(group(&mut meters, 7, 5), UNKNOWN);
    let first = [(7, since(4, 1)), (8, since(0, 2))];
    assert_eq!(assign(&mut meters, 1, &first), [(0..10).collect(), vec![]]);
    assert_eq!(
        (
            group(&mut meters, 7, 3),
            group(&mut meters, 7, 4),
            group(&mut meters, 8, 3)
        ),
        (UNKNOWN, 1, 2)
    );
    assert_eq!(meters.seen(), 2);
    assert_eq!(assign(&mut meters, 2, &first), [[0_i32; 0], [0; 0]]);
    let moved: Stays = since(4, 1)
        .iter()
        .map(|stay| Stay {
            to_ms: 6 * DAY_MS,
            ..*stay
        })
        .chain(since(6, 2).iter().copied())
        .collect();
    let second = [(7, moved), (8, since(0, 2))];
    assert_eq!(
        assign(&mut meters, 3, &second),
        [vec![6, 7, 8, 9], vec![6, 7, 8, 9]]
    );
    assert_eq!((group(&mut meters, 7, 5), group(&mut meters, 7, 6)), (1, 2));
    let days: Vec<i32> = (4..10).collect();
    assert_eq!(assign(&mut meters, 4, &[(8, since(0, 2))]), [days.clone(), days]);
    assert_eq!(
        (group(&mut meters, 7, 5), meters.seen(), meters.version()),
        (UNKNOWN, 2, 4)
    );
}

#[test]
fn a_restart_finds_groups_and_meters_heard_of() {
    let groups = Groups::default();
    let north = groups.number(&Group {
        region: "north".to_owned(),
        ..Group::default()
    });
    let mut meters = Meters::default();
    meters.assign(&assignment(
        5,
        &[(1, since(3, north)), (2, since(3, north)), (3, since(4, north))],
    ));
    meters.hear(1, 0);
    meters.hear(9, 0);
    assert_eq!(meters.seen(), 3, "1, 9, and 3, of which billing has readings");
    let document = meters.take_changes(&groups).unwrap();
    assert_eq!(document.stays.len(), 3, "those of 1 and 2, of 3, and of 9");
    assert_eq!(meters.take_changes(&groups), None);

    let mut back = Meters::restore(&document, &Groups::default());
    assert_eq!((back.version(), back.seen()), (5, 3));
    let group = |meters: &mut Meters, hash, day| meters.hear(hash, day * DAY_MS).place;
    assert_eq!((group(&mut back, 2, 2), group(&mut back, 2, 3)), (UNKNOWN, north));
    assert_eq!(
        (
            group(&mut back, 3, 3),
            group(&mut back, 3, 4),
            group(&mut back, 9, 4)
        ),
        (UNKNOWN, north, UNKNOWN)
    );
}

#[test]
fn strangers_are_bounded() {
    let mut meters = Meters::default();
    for hash in 0..=MAX_STRANGERS as u64 {
        meters.hear(hash, 0);
    }
    assert_eq!(meters.seen(), MAX_STRANGERS as u64);
}
