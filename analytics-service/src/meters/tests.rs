use super::*;

fn assignment(version: u64, meters: &[(u64, GroupIndex)]) -> Assignment {
    Assignment {
        version,
        meters: meters.to_vec(),
    }
}

fn moves(from_unknown: bool, from_known: bool) -> Moves {
    Moves {
        from_unknown,
        from_known,
    }
}

#[test]
fn moves_say_where_readings_came_from() {
    let mut meters = Meters::default();
    assert_eq!(meters.hear(7), UNKNOWN);
    assert_eq!(
        meters.assign(&assignment(1, &[(7, 1), (8, 2)])),
        moves(true, false)
    );
    assert_eq!((meters.hear(7), meters.hear(8), meters.seen()), (1, 2, 2));
    assert_eq!(
        meters.assign(&assignment(2, &[(7, 1), (8, 2)])),
        moves(false, false)
    );
    assert_eq!(
        meters.assign(&assignment(3, &[(7, 2), (8, 2)])),
        moves(false, true)
    );
    assert_eq!(meters.assign(&assignment(4, &[(8, 2)])), moves(false, true));
    assert_eq!((meters.hear(7), meters.seen(), meters.version()), (UNKNOWN, 2, 4));
}

#[test]
fn a_restart_finds_groups_and_meters_heard_of() {
    let groups = Groups::default();
    let north = groups.number(&Group {
        region: "north".to_owned(),
        ..Group::default()
    });
    let mut meters = Meters::default();
    meters.assign(&assignment(5, &[(1, north), (2, north)]));
    meters.hear(1);
    meters.hear(9);
    let document = meters.take_changes(&groups).unwrap();
    assert_eq!(meters.take_changes(&groups), None);

    let mut back = Meters::restore(&document, &Groups::default());
    assert_eq!((back.version(), back.seen()), (5, 2));
    assert_eq!((back.hear(2), back.hear(9)), (north, UNKNOWN));
}

#[test]
fn strangers_are_bounded() {
    let mut meters = Meters::default();
    for hash in 0..=MAX_STRANGERS as u64 {
        meters.hear(hash);
    }
    assert_eq!(meters.seen(), MAX_STRANGERS as u64);
}
