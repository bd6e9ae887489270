use super::*;

fn group(region: &str, zone: &str) -> Group {
    Group {
        region: region.to_owned(),
        feeder: "F1".to_owned(),
        tariff_class: "home".to_owned(),
        zone: zone.to_owned(),
    }
}

#[test]
fn a_group_keeps_its_number_and_the_nameless_one_is_unknown() {
    let groups = Groups::default();
    let north = groups.number(&group("north", "Europe/Berlin"));
    assert_ne!(north, UNKNOWN);
    assert_eq!(groups.number(&group("north", "Europe/Berlin")), north);
    assert_ne!(groups.number(&group("north", "Asia/Kolkata")), north);
    assert_eq!(groups.number(&Group::default()), UNKNOWN);
    let unknown = groups.all().first().map(|group| Group::clone(group));
    assert_eq!(
        unknown.map(|group| (group.region, group.zone)),
        Some(("unknown".to_owned(), "UTC".to_owned()))
    );
}

#[test]
fn when_the_numbers_run_out_the_rest_is_unknown() {
    let groups = Groups::default();
    for number in 1..=u32::from(GroupIndex::MAX) {
        assert_ne!(groups.number(&group(&number.to_string(), "UTC")), UNKNOWN);
    }
    assert_eq!(groups.number(&group("one more", "UTC")), UNKNOWN);
}

#[test]
fn a_zone_that_is_none_is_utc() {
    assert_eq!(zone_of(&group("a", "Asia/Kolkata")), Tz::Asia__Kolkata);
    assert_eq!(zone_of(&group("a", "Mars/Olympus")), Tz::UTC);
}
