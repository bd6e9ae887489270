use proto::billing::Bill;
use service_kit::testing::{Database, shared_server};

use super::*;
use crate::export::{Form, line};
use crate::world::{World, batch, load};

fn deps(world: &World, store: &str, cache: &str, folder: &std::path::Path) -> Deps {
    Deps {
        bus: Arc::clone(&world.bus) as Arc<dyn message_bus::Bus>,
        clock: Arc::new(world.clock.clone()),
        registry: prometheus::Registry::new(),
        tasks: service_kit::Tasks::default(),
        readiness: service_kit::Readiness::default(),
        store: store.to_owned(),
        cache: cache.to_owned(),
        folder: folder.to_owned(),
    }
}

/// A month with late, repeated and changed readings, looked at as a draft, then issued.
async fn month(world: &World) -> Vec<Bill> {
    world.furnish().await;
    let rows = load();
    let (early, late) = rows.split_at(rows.len() / 2);
    world.deliver(&batch("m", late)).await;
    world.checkpoint().await;
    world.deliver(&batch("m", early)).await;
    world.deliver(&batch("m", &late[..100])).await;
    let (start_ms, value, _) = late[7];
    world.deliver(&batch("m", &[(start_ms, value + 1, 1)])).await;
    world.checkpoint().await;
    world.office.refresh(10).await.unwrap();
    world.office.refresh(10).await.unwrap();
    world.run().await.unwrap().bills
}

#[tokio::test]
async fn bills_are_the_same_on_every_backend_and_after_a_restart_on_it() {
    let database = Database::new("bills");
    let folder = tempfile::tempdir().unwrap();
    let embedded = World::open(folder.path()).await;
    let expected: Vec<String> = month(&embedded)
        .await
        .iter()
        .map(|bill| line(bill, Form::Full))
        .collect();
    assert_eq!(expected.len(), 1);

    let nothing = tempfile::tempdir().unwrap();
    let deps = deps(
        &embedded,
        database.url(),
        &shared_server("bills", "REDIS_URL"),
        nothing.path(),
    );
    let servers = World::open_on(nothing.path(), open(&Config::default(), &deps).await.unwrap()).await;
    let bills = month(&servers).await;
    assert_eq!(
        bills
            .iter()
            .map(|bill| line(bill, Form::Full))
            .collect::<Vec<_>>(),
        expected
    );
    assert!(servers.office.verify(&bills[0].id).await.unwrap());
    drop(servers);

    let again = World::open_on(nothing.path(), open(&Config::default(), &deps).await.unwrap()).await;
    let answer = again.run().await.unwrap();
    assert_eq!((answer.issued, answer.already_issued), (0, 1));
    assert!(again.office.verify(&bills[0].id).await.unwrap());
    assert_eq!(again.office.reads.meters_seen(), 1);
    assert_eq!(
        std::fs::read_dir(nothing.path()).unwrap().count(),
        0,
        "nothing is kept beside the servers"
    );
    database.drop().await;
}

#[tokio::test]
async fn a_store_keeps_its_id_and_no_other_has_it() {
    let ids = async |folder: &std::path::Path| {
        let world = World::open(folder).await;
        let store = world.office.store.clone();
        (store_id(&store).await.unwrap(), store_id(&store).await.unwrap())
    };
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let first = ids(folders[0].path()).await;
    assert_eq!(first.0, first.1);
    assert_eq!(first.0.len(), 16);
    assert_ne!(first, ids(folders[1].path()).await);
    assert_eq!(first, ids(folders[0].path()).await);
}

#[tokio::test]
async fn addresses_that_are_none_are_refused_and_no_password_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    for (store, cache, told) in [
        (
            "mysql://u:hunter2@h",
            "memory:",
            "store: use embedded: or mongodb://...",
        ),
        (
            "mongodb://u:hunter2@",
            "memory:",
            "cannot read or write the store of billing",
        ),
        (
            "embedded:",
            "memcached://u:hunter2@h",
            "cache: use memory: or redis://...",
        ),
        (
            "embedded:",
            "redis://u:hunter2@h:x",
            "cache: not an address of Redis",
        ),
    ] {
        let deps = deps(&world, store, cache, other.path());
        let refused = open(&Config::default(), &deps).await.err().unwrap();
        let text = format!("{} {refused:?}", crate::reads::error_chain(&refused));
        assert!(text.contains(told) && !text.contains("hunter2"), "{text}");
    }
}
