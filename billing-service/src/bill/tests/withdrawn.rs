//! What should never have been said of the register is withdrawn by ending it where it begins: it stays on record and claims no time.

use proto::billing::Installation;

use super::*;

const START: &str = "2024-03-15T00:00:00+01:00";

async fn put_installation(
    world: &World,
    id: &str,
    meter: &str,
    from: &str,
    to: &str,
) -> Result<(), &'static str> {
    let object = Object::Installation(Installation {
        ..installation(id, meter, "p", from, to)
    });
    world.put(object).await.map_err(|error| error.reason())
}

#[tokio::test]
async fn a_withdrawn_agreement_bills_nothing_and_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    world.deliver(&batch("m", &load())).await;
    assert_eq!(world.office.bill(BILL).await.unwrap().total, "132.11");
    let put = async |id: &str, from: &str, to: &str| {
        let object = Object::Agreement(agreement(id, "p", from, to));
        world.put(object).await.map_err(|error| error.reason())
    };
    assert_eq!(put("b", START, "").await, Err("AGREEMENT_OVERLAP"));
    assert_eq!(
        put("a", START, "2024-03-14T00:00:00+01:00").await,
        Err("BAD_RANGE")
    );
    // in the middle of the other's time, so that it would be in its way if it claimed any
    put("a", "2024-03-20T00:00:00+01:00", "2024-03-20T00:00:00+01:00")
        .await
        .unwrap();
    put("b", START, "").await.unwrap();
    assert!(world.office.bill(BILL).await.is_err(), "it has no bills any more");
    let bills = world.run().await.unwrap().bills;
    assert_eq!(
        bills.iter().map(|bill| bill.id.as_str()).collect::<Vec<_>>(),
        ["b.2024-03-15.0"]
    );
    assert_eq!(
        put("a", "2024-03-20T00:00:00+01:00", "").await,
        Err("AGREEMENT_OVERLAP")
    );
    put("a", "2024-03-20T00:00:00+01:00", "2024-03-20T00:00:00+01:00")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_withdrawn_installation_measures_nothing_and_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    world
        .put(Object::ServicePoint(proto::billing::ServicePoint {
            region: "south".to_owned(),
            ..point("q")
        }))
        .await
        .unwrap();
    world.deliver(&batch("m", &load())).await;
    // the meter was never at p
    put_installation(&world, "i", "m", START, START).await.unwrap();
    let bill = world.office.bill(BILL).await.unwrap();
    assert_eq!(reasons(&bill)[0].0, "NO_METER");
    let at_q = Object::Installation(installation("j", "m", "q", "2024-03-01T00:00:00+01:00", ""));
    world.put(at_q).await.unwrap();
    // also in the middle of the time that it stands there
    let middle = "2024-03-20T00:00:00+01:00";
    put_installation(&world, "i", "m", middle, middle).await.unwrap();
    let index = world.office.register.index();
    for when in ["2024-04-20T00:00:00Z", "2020-01-01T00:00:00Z", middle] {
        assert_eq!(&*index.place_of("m", ms(when)).unwrap().point, "q", "{when}");
    }
    let stays: Vec<_> = index.stays_of("m").map(|stay| stay.from_ms).collect();
    assert_eq!(stays, [ms("2024-03-01T00:00:00+01:00")]);
}

/// What was issued by a withdrawn agreement stays issued: nobody else is billed for the same days.
#[tokio::test]
async fn what_a_withdrawn_agreement_issued_is_not_billed_again() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    world.deliver(&batch("m", &load())).await;
    assert_eq!(world.run().await.unwrap().issued, 1);
    for object in [
        Object::Agreement(agreement("a", "p", START, START)),
        Object::Agreement(agreement("b", "p", START, "")),
    ] {
        world.put(object).await.unwrap();
    }
    let bill = world.office.bill("b.2024-03-15.0").await.unwrap();
    assert_eq!(reasons(&bill)[0].0, "ISSUED_OVERLAP");
    assert_eq!(world.office.bill(BILL).await.unwrap().status, "issued");
    world.deliver(&batch("m", &[(load()[7].0, 1, 3)])).await;
    world.checkpoint().await;
    assert_eq!(world.exceptions(crate::exception::Kind::LateRead).await.len(), 1);
}
