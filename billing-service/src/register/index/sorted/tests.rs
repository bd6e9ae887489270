use super::*;

#[test]
fn ids_are_in_order_and_there_once() {
    let mut ids = Ids::default();
    for id in ["b", "a", "c", "a", "b"] {
        ids.insert(id.into());
    }
    ids.remove("b");
    ids.remove("x");
    assert_eq!(ids.iter().map(|id| &**id).collect::<Vec<_>>(), ["a", "c"]);
}

#[test]
fn places_are_in_order_of_their_beginning() {
    let place = |installation: &str, from_ms| Place {
        installation: installation.into(),
        point: "p".into(),
        from_ms,
        to_ms: i64::MAX,
    };
    let mut places = Box::default();
    for (installation, from_ms) in [("b", 2), ("a", 1), ("d", 4), ("c", 3)] {
        add(&mut places, place(installation, from_ms));
    }
    forget(&mut places, "d");
    forget(&mut places, "x");
    let starts: Vec<i64> = places.iter().map(|place| place.from_ms).collect();
    assert_eq!(starts, [1, 2, 3]);
}
