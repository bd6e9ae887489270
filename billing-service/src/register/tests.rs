mod many;

use proto::billing::register_object::Object;
use proto::billing::{Account, Agreement, Calendar, RecipeTerm, Seller};

use super::*;
use crate::world::{TARIFF, World, agreement, assignment, installation, meter, point, tariff};

async fn check(world: &World, object: Object, expected: &str) {
    let outcome = world.put(object.clone()).await;
    let found = outcome.as_ref().err().map_or("", Error::reason);
    assert_eq!(found, expected, "{object:?}: {outcome:?}");
}

fn account(id: &str, currency: &str) -> Object {
    Object::Account(Account {
        id: id.to_owned(),
        currency: currency.to_owned(),
        ..Account::default()
    })
}

#[tokio::test]
async fn objects_that_are_wrong_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    let calendar = |day, run| {
        Object::Calendar(Calendar {
            id: "k".to_owned(),
            billing_day: day,
            run_after_days: run,
            window_days: None,
        })
    };
    let seller = |id: &str, series: &str| {
        Object::Seller(Seller {
            id: id.to_owned(),
            series: series.to_owned(),
            ..Seller::default()
        })
    };
    let zone = |id: &str, zone: &str| {
        Object::ServicePoint(proto::billing::ServicePoint {
            zone: zone.to_owned(),
            ..point(id)
        })
    };
    check(&world, zone("q", "Mars/Olympus"), "BAD_ZONE").await;
    check(&world, zone("p", "Europe/Paris"), "ZONE_IN_USE").await;
    check(&world, zone("bad id", "Europe/Berlin"), "BAD_ID").await;
    check(
        &world,
        Object::Meter(proto::billing::Meter {
            interval_seconds: 7,
            ..meter("n")
        }),
        "BAD_INTERVAL",
    )
    .await;
    check(
        &world,
        Object::Meter(proto::billing::Meter {
            channels: vec!["GAS".to_owned()],
            ..meter("n")
        }),
        "BAD_CHANNEL",
    )
    .await;
    check(&world, account("c", "USD"), "CURRENCY_FIXED").await;
    check(&world, calendar(32, None), "BAD_BILLING_DAY").await;
    check(&world, calendar(31, Some(91)), "BAD_WINDOW").await;
    check(&world, calendar(31, Some(9)), "").await;
    check(&world, Object::Tariff(tariff("u", "{}")), "TARIFF_INVALID").await;
    check(
        &world,
        Object::Tariff(tariff("t", &TARIFF.replace("Berlin", "Paris"))),
        "TARIFF_FIXED",
    )
    .await;
    check(&world, seller("s", "nw"), "BAD_SERIES").await;
    check(&world, seller("s", "NW"), "").await;
    check(&world, seller("s2", "NW"), "SELLER_EXISTS").await;
    let empty = world
        .office
        .register
        .put(RegisterObject { object: None })
        .await
        .unwrap_err();
    assert_eq!(empty.reason(), "NO_OBJECT");
}

#[tokio::test]
async fn a_currency_is_one_of_iso_4217() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    for currency in ["Euro", "eur", "ABC", "EUX", "DEM", ""] {
        check(&world, account("d", currency), "BAD_CURRENCY").await;
    }
    for currency in ["AED", "CLF", "VED", "XPF", "ZWG"] {
        check(&world, account(currency, currency), "").await;
    }
}

#[tokio::test]
async fn facts_that_overlap_are_conflicts() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    check(&world, Object::ServicePoint(point("q")), "").await;
    let place = |id: &str, from: &str, to: &str| Object::Installation(installation(id, "m", "q", from, to));
    check(
        &world,
        place("j", "2024-05-01T00:00:00Z", ""),
        "INSTALLATION_OVERLAP",
    )
    .await;
    check(
        &world,
        place("j", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00+01:00"),
        "",
    )
    .await;
    check(
        &world,
        place("k", "2024-02-10T00:00:00Z", "2024-02-11T00:00:00Z"),
        "INSTALLATION_OVERLAP",
    )
    .await;
    check(
        &world,
        place("k", "2024-02-10T00:00:00Z", "2024-02-09T00:00:00Z"),
        "BAD_RANGE",
    )
    .await;
    check(&world, place("k", "yesterday", ""), "BAD_TIME").await;
    check(
        &world,
        Object::Installation(installation("k", "nobody", "q", "2024-02-10T00:00:00Z", "")),
        "NOT_FOUND",
    )
    .await;

    let next = |from: &str, to: &str| Object::Agreement(agreement("b", "p", from, to));
    check(&world, next("2025-01-01T00:00:00Z", ""), "AGREEMENT_OVERLAP").await;
    check(
        &world,
        next("2024-01-01T00:00:00Z", "2024-03-15T00:00:00+01:00"),
        "",
    )
    .await;
    // an object does not overlap itself
    check(
        &world,
        Object::Agreement(agreement(
            "a",
            "p",
            "2024-03-15T00:00:00+01:00",
            "2026-01-01T00:00:00+01:00",
        )),
        "",
    )
    .await;
    check(&world, next("2026-01-01T00:00:00+01:00", ""), "").await;
}

#[tokio::test]
async fn an_agreement_names_what_fits() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    check(
        &world,
        Object::Tariff(tariff("paris", &TARIFF.replace("Berlin", "Paris"))),
        "",
    )
    .await;
    check(
        &world,
        Object::Tariff(tariff("dollar", &TARIFF.replace("EUR", "USD"))),
        "",
    )
    .await;
    let with = |assignments: Vec<proto::billing::Assignment>| {
        Object::Agreement(Agreement {
            assignments,
            ..agreement("a", "p", "2024-03-15T00:00:00+01:00", "")
        })
    };
    let recipe = |sign, meter: &str| proto::billing::Assignment {
        recipe: vec![RecipeTerm {
            sign,
            meter_id: meter.to_owned(),
            channel: String::new(),
        }],
        ..assignment("", "t")
    };
    check(&world, with(vec![]), "NO_ASSIGNMENT").await;
    check(&world, with(vec![assignment("2024-03-16", "t")]), "NO_ASSIGNMENT").await;
    check(
        &world,
        with(vec![assignment("", "t"), assignment("2024-13-01", "t")]),
        "BAD_DATE",
    )
    .await;
    check(
        &world,
        with(vec![assignment("2024-03-01", "t"), assignment("2024-03-01", "t")]),
        "BAD_DATE",
    )
    .await;
    check(&world, with(vec![assignment("", "paris")]), "ZONE_MISMATCH").await;
    check(&world, with(vec![assignment("", "dollar")]), "CURRENCY_MISMATCH").await;
    check(&world, with(vec![assignment("", "nothing")]), "NOT_FOUND").await;
    check(&world, with(vec![recipe(2, "m")]), "BAD_RECIPE").await;
    check(&world, with(vec![recipe(1, "nobody")]), "NOT_FOUND").await;
    let value = |name: &str, value: &str| proto::billing::Assignment {
        values: [(name.to_owned(), value.to_owned())].into(),
        ..assignment("", "t")
    };
    check(&world, with(vec![value("heat", "1,5")]), "BAD_NUMBER").await;
    check(&world, with(vec![value(" ", "1.5")]), "VALUE_NAMELESS").await;
    check(
        &world,
        with(vec![recipe(-1, "m"), assignment("2024-06-01", "t")]),
        "",
    )
    .await;
    let long = agreement(
        &"x".repeat(49),
        "p",
        "2020-03-15T00:00:00Z",
        "2020-03-16T00:00:00Z",
    );
    check(&world, Object::Agreement(long), "BAD_ID").await;
}

#[tokio::test]
async fn the_version_counts_changes_and_survives() {
    let folder = tempfile::tempdir().unwrap();
    let version = {
        let world = World::open(folder.path()).await;
        world.furnish().await;
        let version = world.office.register.index().version;
        assert_eq!(version, 7);
        let same = RegisterObject {
            object: Some(Object::Meter(meter("m"))),
        };
        let written = world.office.register.put(same).await.unwrap();
        assert_eq!((written.outcome, written.version), (Outcome::Unchanged, version));
        version
    };
    let world = World::open(folder.path()).await;
    let index = world.office.register.index();
    assert_eq!(index.version, version);
    let group = &index.groups()[index.group_of("m", 0).unwrap()];
    assert_eq!(
        (group.region.as_str(), group.zone.as_str()),
        ("north", "Europe/Berlin")
    );
    assert_eq!(
        index
            .agreements_of("m")
            .iter()
            .map(|id| &**id)
            .collect::<Vec<_>>(),
        ["a"]
    );
}

#[tokio::test]
async fn a_tariff_is_kept_with_its_warnings() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    let warned = async |body: &str| {
        let sent = proto::billing::Tariff {
            warnings: vec!["made up by the sender".to_owned()],
            ..tariff("t", body)
        };
        world.put(Object::Tariff(sent)).await.unwrap();
        let kept: proto::billing::Tariff = world.office.register.find("t").await.unwrap();
        kept.warnings
    };
    assert_eq!(warned(TARIFF).await, Vec::<String>::new());
    let warnings = warned(crate::world::UNTAXED).await;
    assert!(
        warnings.len() == 1 && warnings[0].contains("(TAX)"),
        "{warnings:?}"
    );
}
