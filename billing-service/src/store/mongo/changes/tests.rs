//! The protocol on a model of a database: two processes that lead by turns, read, change and stop, one step of one of them at a time, in random orders. So nobody
//! begins while one is late that was replaced by somebody else (see the module).

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::*;

/// A log and a collection in memory. Every call takes two steps: before it is done, and after.
#[derive(Default)]
struct Model {
    log: Mutex<Vec<Vec<u8>>>,
    documents: Mutex<BTreeMap<String, u8>>,
    /// What processes were told is kept: the number each document then had.
    promised: Mutex<Vec<(String, u8)>>,
    /// By which name each process writes at present.
    writers: Mutex<BTreeMap<usize, u64>>,
}

/// Lets somebody else go first, once.
async fn step() {
    let mut waited = false;
    std::future::poll_fn(|context| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[async_trait::async_trait]
impl Places for &Model {
    async fn claim(&self, number: u64, entry: Vec<u8>) -> Result<bool, StoreError> {
        step().await;
        let free = {
            let mut log = self.log.lock().unwrap();
            let place = usize::try_from(number).unwrap() - 1;
            assert!(place <= log.len(), "a gap before {number}");
            let free = place == log.len();
            if free {
                log.push(entry);
            }
            free
        };
        step().await;
        Ok(free)
    }

    async fn entry(&self, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        step().await;
        let place = usize::try_from(number).unwrap() - 1;
        let found = self.log.lock().unwrap().get(place).cloned();
        step().await;
        Ok(found)
    }

    /// One document after the other, as a database does.
    async fn put(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        for entry in entries {
            step().await;
            self.documents.lock().unwrap().insert(entry.id, entry.document[0]);
        }
        step().await;
        Ok(())
    }
}

/// What is left of a process.
type Life<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

const IDS: [&str; 2] = ["a", "b"];

impl Model {
    /// Begins, reads everything, and makes changes, each of which counts up what it knows of one document or of both; begins again when it was
    /// replaced.
    async fn process(&self, who: usize, deeds: &[u8]) {
        let mut deeds = deeds.iter();
        let mut deed = deeds.next();
        for _ in 0..4 {
            let changes = Changes::new(self);
            self.writers.lock().unwrap().insert(who, changes.writer);
            if changes.begin().await.is_err() {
                continue; // replaced while it began
            }
            step().await;
            let mut known = self.documents.lock().unwrap().clone();
            while let Some(which) = deed {
                let ids = IDS
                    .iter()
                    .filter(|id| *which == 2 || **id == IDS[usize::from(*which)]);
                let counted = |id: &&str| {
                    let count = known.get(*id).copied().unwrap_or_default() + 1;
                    ((*id).to_owned(), count)
                };
                let counted: Vec<(String, u8)> = ids.map(counted).collect();
                let entry = |(id, count): &(String, u8)| Entry {
                    collection: Collection::Meters,
                    id: id.clone(),
                    document: vec![*count],
                };
                match changes.change(counted.iter().map(entry).collect()).await {
                    Ok(()) => {
                        self.promised.lock().unwrap().extend(counted.clone());
                        known.extend(counted);
                        deed = deeds.next();
                    }
                    Err(StoreError::NotLeading) => {
                        assert!(changes.look().await.is_err() && !changes.leads());
                        break;
                    }
                    Err(other) => panic!("{other}"),
                }
            }
        }
    }

    /// Whether the last to begin was this process.
    fn is_led_by(&self, who: usize) -> bool {
        let log = self.log.lock().unwrap();
        let entries = log
            .iter()
            .rev()
            .map(|entry| Change::decode(entry.as_slice()).unwrap());
        let beginning = entries.into_iter().find(|entry| entry.documents.is_empty());
        beginning.map(|beginning| beginning.writer) == self.writers.lock().unwrap().get(&who).copied()
    }

    /// What the log says of each document, in order.
    fn logged(&self) -> BTreeMap<String, Vec<u8>> {
        let mut logged: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for entry in self.log.lock().unwrap().iter() {
            for put in Change::decode(entry.as_slice()).unwrap().documents {
                logged.entry(put.id).or_default().push(put.document[0]);
            }
        }
        logged
    }

    /// Nobody changed what he did not know, nothing promised is missing, and the collections hold what the log says.
    fn check(&self, what: &dyn std::fmt::Debug) {
        let logged = self.logged();
        for (id, counts) in &logged {
            let expected: Vec<u8> = (1..).take(counts.len()).collect();
            assert_eq!(counts, &expected, "{id} after {what:?}");
        }
        for (id, count) in self.promised.lock().unwrap().iter() {
            assert!(logged[id].contains(count), "{id} {count} after {what:?}");
        }
        let last = logged
            .into_iter()
            .filter_map(|(id, counts)| Some((id, *counts.last()?)));
        assert_eq!(*self.documents.lock().unwrap(), last.collect(), "after {what:?}");
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
            return done;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn the_register_is_what_its_log_says_whoever_stops_or_stands_still(
        everybody in prop::collection::vec(prop::collection::vec(0_u8..3, 1..7), 1..3),
        turns in prop::collection::vec((any::<prop::sample::Index>(), 1_usize..40, 0_u8..10), 1..100),
    ) {
        let model = Model::default();
        {
            let mut running: Vec<(usize, Life<'_>)> = Vec::new();
            for (who, deeds) in everybody.iter().enumerate() {
                running.push((who, Box::pin(model.process(who, deeds))));
            }
            let mut context = Context::from_waker(Waker::noop());
            let mut stops_left = 2;
            for (who, steps, kind) in turns.iter().cycle() {
                if running.is_empty() {
                    break;
                }
                let who = who.index(running.len());
                // A leader dies: what it had not done is never done. One that is late may stand still, but lives to mend what it overwrote.
                if *kind == 0 && stops_left > 0 && model.is_led_by(running[who].0) {
                    stops_left -= 1;
                    drop(running.remove(who));
                    continue;
                }
                for _ in 0..*steps {
                    if running[who].1.as_mut().poll(&mut context).is_ready() {
                        drop(running.remove(who));
                        break;
                    }
                }
            }
        }
        run(Changes::new(&model).begin()).unwrap();
        model.check(&everybody);
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_not_looked_for_a_while_does_not_claim_to_lead() {
    let model = Model::default();
    let changes = Changes::new(&model);
    assert!(!changes.leads());
    assert!(matches!(changes.look().await, Err(StoreError::NotLeading)));
    changes.begin().await.unwrap();
    assert!(changes.leads());
    tokio::time::advance(FRESH + Duration::from_millis(1)).await;
    assert!(!changes.leads());
    changes.look().await.unwrap();
    assert!(changes.leads());
    Changes::new(&model).begin().await.unwrap();
    assert!(changes.leads(), "it cannot know yet");
    assert!(matches!(changes.look().await, Err(StoreError::NotLeading)));
    assert!(!changes.leads());
}

#[test]
fn a_change_whose_outcome_was_not_known_is_settled() {
    let model = Model::default();
    let changes = Changes::new(&model);
    run(changes.begin()).unwrap();
    let entry = |count: u8| Entry {
        collection: Collection::Meters,
        id: "a".to_owned(),
        document: vec![count],
    };
    // Given up at every step there is.
    for steps in 1..7 {
        let mut change = Box::pin(changes.change(vec![entry(steps)]));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..steps {
            assert!(change.as_mut().poll(&mut context).is_pending());
        }
        drop(change);
        run(changes.settle()).unwrap();
        let logged = model.logged().remove("a").unwrap_or_default();
        let kept = model.documents.lock().unwrap().get("a").copied();
        assert_eq!(kept, logged.last().copied(), "after {steps} steps");
    }
    run(changes.change(vec![entry(9)])).unwrap();
    assert_eq!(model.documents.lock().unwrap()["a"], 9);
}
