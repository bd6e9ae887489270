//! Two processes on one database: one takes a shard in, the other one finds what was stored.

use model::{Channel, Stay};
use service_kit::mongo::Mongo;
use service_kit::testing::Database;
use tokio::time::{Duration, timeout};

use super::super::store::MongoReads;
use super::*;

/// Tells a leader, as an assistant does.
struct Telling(Arc<Reads>);

#[async_trait::async_trait]
impl Consequences for Telling {
    async fn ensure(&self, touched: &[Touched]) -> Result<(), StoreError> {
        self.0.note(touched);
        Ok(())
    }

    async fn learn(&self, shard: u16, news: &News) -> Result<(), StoreError> {
        self.0.learn(shard, news).unwrap();
        Ok(())
    }

    async fn quarantine(&self, _: Unusable) -> Result<(), StoreError> {
        Ok(())
    }

    fn settled_before_ms(&self) -> i64 {
        i64::MIN
    }
}

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

struct Pair {
    leader: Arc<Reads>,
    assistant: Arc<Reads>,
}

impl Pair {
    /// A leader that has read `m` at 0, and an assistant that takes the shard in from now on.
    async fn new(database: &Database) -> Self {
        let store = async || {
            let mongo = Mongo::open(database.url(), &MongoReads::COLLECTIONS)
                .await
                .unwrap();
            let reads: Arc<dyn store::ReadsStore> = Arc::new(MongoReads::new(mongo).await.unwrap());
            reads
        };
        let told: Arc<dyn Consequences> = Arc::new(Told::default());
        let leader = Reads::open(store().await, told, 1, Limits::default())
            .await
            .unwrap();
        leader.apply(0, &columns(&[Sent::new("m", 0, 1)]), 1).unwrap();
        leader.checkpoint(0).await.unwrap();
        leader.give(0).await;
        let telling: Arc<dyn Consequences> = Arc::new(Telling(Arc::clone(&leader)));
        let assistant = Reads::unopened(store().await, telling, 1, Limits::default());
        assistant.reopen(0).await.unwrap();
        Self { leader, assistant }
    }

    async fn take_in(&self, sent: &[Sent], position: Position) {
        self.assistant.apply(0, &columns(sent), position).unwrap();
        self.assistant.checkpoint(0).await.unwrap();
    }
}

async fn values(reads: &Reads, meter: &str) -> Vec<i64> {
    let found = reads
        .intervals(&id(meter), Channel::Import, i64::MIN..i64::MAX)
        .await;
    found.unwrap().iter().map(|read| read.content.value).collect()
}

/// Position and readings of the fold of a day.
async fn fold(reads: &Reads, day: i32, held: Option<Position>) -> Result<(Position, u32), Error> {
    let stays = |_: &str, stays: &mut Vec<Stay<usize>>| {
        stays.push(Stay {
            place: 1,
            from_ms: i64::MIN,
            to_ms: i64::MAX,
        });
    };
    let windows = reads.day_windows(0, day, (1, held), &stays).await?;
    let counted = windows.groups.iter().flat_map(|(_, sums)| sums);
    Ok((windows.position, counted.map(|sum| sum.readings).sum()))
}

#[tokio::test]
async fn the_leader_finds_what_another_stored() {
    let database = Database::new("elsewhere_found");
    let Pair { leader, assistant } = &Pair::new(&database).await;
    let sent = [Sent::new("m", HOUR, 2), Sent::new("new", DAY * 3, 3)];
    let before = leader.state(0);
    assistant.apply(0, &columns(&sent), 2).unwrap();
    assert_eq!(values(leader, "m").await, [1], "it is only in the other's memory");
    assistant.checkpoint(0).await.unwrap();
    assert_eq!(values(leader, "m").await, [1, 2]);
    assert_eq!(values(leader, "new").await, [3]);
    assert_eq!(leader.meters(None, 9), [id("m"), id("new")]);
    assert_eq!(leader.latest(&id("m")).await.unwrap().unwrap().start_ms(), HOUR);
    assert_eq!(
        leader.latest(&id("new")).await.unwrap().unwrap().start_ms(),
        DAY * 3
    );
    assert_eq!(leader.position(0), 2);
    assert_ne!(leader.state(0), before);
    assert_eq!(leader.changed_days(0, 1, 2).await.unwrap(), (2, vec![0, 3]));
    leader.checkpoint(0).await.unwrap(); // has nothing to store
    assert_eq!(leader.position(0), 2);
    // What it takes in after it has the shard again joins the rest, of meters that both had named.
    leader.take_back(0);
    let late = News {
        position: 9,
        ..News::default()
    };
    let refused = leader.learn(0, &late).unwrap_err();
    assert_eq!(
        refused.reason(),
        "UNHELD",
        "it would acknowledge what is only here"
    );
    assert_eq!((leader.position(0), *leader.stored(0).unwrap().borrow()), (2, 2));
    let sent = [Sent::new("new", DAY * 3 + HOUR, 4), Sent::new("newer", 0, 5)];
    leader.apply(0, &columns(&sent), 3).unwrap();
    leader.checkpoint(0).await.unwrap();
    assert_eq!(values(leader, "new").await, [3, 4]);
    assistant.give(0).await;
    assistant.reopen(0).await.unwrap();
    assert_eq!(values(assistant, "newer").await, [5]);
    assert_eq!(values(assistant, "m").await, [1, 2]);
    assert_eq!(assistant.position(0), 3);
}

#[tokio::test]
async fn a_fold_of_a_held_shard_is_all_up_to_its_position_and_nothing_after_it() {
    let database = Database::new("elsewhere_held");
    let pair = Pair::new(&database).await;
    pair.take_in(&[Sent::new("m", HOUR, 2)], 2).await;
    let Pair { leader, assistant } = pair;
    let behind = fold(&leader, 0, None).await;
    assert!(
        matches!(behind, Err(Error::Behind { .. })),
        "nobody holds it: {behind:?}"
    );
    // What was consumed is stored first; what comes after it waits.
    assistant
        .apply(0, &columns(&[Sent::new("m", HOUR * 2, 3)]), 3)
        .unwrap();
    let hold = assistant.hold(0).await.unwrap();
    assert_eq!(hold.position, 3);
    assistant
        .apply(0, &columns(&[Sent::new("other", HOUR * 3, 4)]), 4)
        .unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test has no task tracker")]
    let mut storing = tokio::spawn({
        let assistant = Arc::clone(&assistant);
        async move { assistant.checkpoint(0).await }
    });
    assert!(timeout(Duration::from_millis(200), &mut storing).await.is_err());
    assert_eq!(fold(&leader, 0, Some(hold.position)).await.unwrap(), (3, 3));
    drop(hold);
    storing.await.unwrap().unwrap();
    let hold = assistant.hold(0).await.unwrap();
    assert_eq!(fold(&leader, 0, Some(hold.position)).await.unwrap(), (4, 4));
    let early = fold(&leader, 0, Some(0)).await;
    assert!(matches!(early, Err(Error::Behind { .. })), "{early:?}");
}

/// The assistant that has to open a shard first cannot hold it: what it would name is less than what is stored.
#[tokio::test]
async fn a_shard_that_is_not_open_is_not_held() {
    let database = Database::new("elsewhere_unopened");
    let Pair { assistant, .. } = Pair::new(&database).await;
    assistant.give(0).await;
    assert!(
        timeout(Duration::from_millis(300), assistant.hold(0))
            .await
            .is_err()
    );
    assistant.reopen(0).await.unwrap();
    assert_eq!(assistant.hold(0).await.unwrap().position, 1);
    assert!(assistant.hold(1).await.is_none(), "there is no such shard");
}

#[tokio::test]
async fn a_meter_of_another_shard_is_not_learned() {
    let database = Database::new("elsewhere_learned");
    let Pair { leader, .. } = Pair::new(&database).await;
    let news = |id: &str| News {
        meters: vec![id.to_owned()],
        ..News::default()
    };
    for (shard, meter, reason) in [(0, "no id!", "WRONG_SHARD"), (1, "m", "NO_SHARD")] {
        assert_eq!(leader.learn(shard, &news(meter)).unwrap_err().reason(), reason);
    }
    assert_eq!(leader.meters(None, 9), [id("m")]);
}
