//! The protocol on a model of a collection: several owners and readers, one step of one of them at a time, in every order there is for
//! small histories and in random orders for larger ones; anybody may stop between any two steps.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::*;

/// A collection in memory. Every call takes one step: it is done when it is polled again. What somebody asked for who stopped may still
/// be done later.
#[derive(Default)]
struct Model {
    documents: Mutex<BTreeMap<String, Vec<u8>>>,
    late: Mutex<Vec<Write>>,
    /// What a chain has taken: what an append that ended had added.
    taken: Mutex<BTreeSet<u8>>,
    /// What readers missed.
    missed: Mutex<Vec<String>>,
}

#[derive(Debug, Clone)]
enum Write {
    Insert(String, Vec<u8>),
    Remove(String),
}

/// A write under way; late when whoever asked for it is gone.
struct UnderWay<'a> {
    model: &'a Model,
    write: Option<Write>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.model.late.lock().unwrap().extend(self.write.take());
    }
}

impl Model {
    async fn write(&self, write: Write) -> bool {
        let mut under_way = UnderWay {
            model: self,
            write: Some(write),
        };
        step().await;
        self.land(under_way.write.take().unwrap())
    }

    fn land(&self, write: Write) -> bool {
        let mut documents = self.documents.lock().unwrap();
        match write {
            Write::Insert(name, content) => {
                let free = !documents.contains_key(&name);
                documents.entry(name).or_insert(content);
                free
            }
            Write::Remove(name) => documents.remove(&name).is_some(),
        }
    }

    fn land_late(&self) {
        let first = self.late.lock().unwrap().pop();
        first.into_iter().for_each(|write| {
            self.land(write);
        });
    }
}

/// Lets somebody else go first, once.
async fn step() {
    let waited = AtomicBool::new(false);
    std::future::poll_fn(|_| match waited.swap(true, Ordering::Relaxed) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

#[async_trait::async_trait]
impl Names for Model {
    async fn insert(&self, name: &str, content: Vec<u8>) -> Result<bool, StoreError> {
        Ok(self.write(Write::Insert(name.to_owned(), content)).await)
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        step().await;
        Ok(self.documents.lock().unwrap().get(name).cloned())
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.write(Write::Remove(name.to_owned())).await;
        Ok(())
    }
}

/// A content is a set of numbers; joined they are one set.
fn join(contents: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, StoreError> {
    let joined: BTreeSet<u8> = contents.iter().flatten().copied().collect();
    Ok(vec![joined.into_iter().collect()])
}

fn union(view: &View) -> BTreeSet<u8> {
    view.contents().flatten().copied().collect()
}

/// What somebody does, one thing after the other.
#[derive(Debug, Clone, Copy)]
enum Deed {
    /// Appends, and shortens what has become longer than 1.
    Append(u8),
    /// Reads, and compares with what had been taken before it began.
    Read,
}

impl Model {
    async fn play(&self, deeds: &[Deed]) {
        let chain = Chain {
            names: self,
            name: "c",
        };
        let mut from = 0;
        for deed in deeds {
            match deed {
                Deed::Append(number) => {
                    let view = chain.append(from, &[vec![*number]]).await.unwrap();
                    self.taken.lock().unwrap().insert(*number);
                    from = view.epoch;
                    if view.is_long(1) {
                        chain.shorten(&view, 1, &join).await.unwrap();
                    }
                }
                Deed::Read => {
                    let before = self.taken.lock().unwrap().clone();
                    let view = chain.read(from).await.unwrap();
                    from = view.epoch;
                    if !before.is_subset(&union(&view)) {
                        let missed = format!("{:?} of {before:?}", union(&view));
                        self.missed.lock().unwrap().push(missed);
                    }
                }
            }
        }
    }
}

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Turn {
    /// He takes a step.
    Step(usize),
    /// He stops for ever.
    Stop(usize),
    /// Something late is done.
    Late,
}

/// Plays everybody's deeds; `turn` says what happens next, of how many are left.
fn history(everybody: &[Vec<Deed>], mut turn: impl FnMut(usize) -> Turn) -> Model {
    let model = Model::default();
    {
        let mut running: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> = Vec::new();
        for deeds in everybody {
            running.push(Box::pin(model.play(deeds)));
        }
        let mut context = Context::from_waker(Waker::noop());
        while !running.is_empty() {
            match turn(running.len()) {
                Turn::Late => model.land_late(),
                Turn::Stop(who) => drop(running.remove(who)),
                Turn::Step(who) => {
                    if running[who].as_mut().poll(&mut context).is_ready() {
                        drop(running.remove(who));
                    }
                }
            }
        }
    }
    while !model.late.lock().unwrap().is_empty() {
        model.land_late();
    }
    let mut last = Box::pin(model.play(&[Deed::Read, Deed::Append(255), Deed::Append(254), Deed::Read]));
    while last
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
        .is_pending()
    {}
    drop(last);
    model
}

fn check(model: &Model, what: &dyn std::fmt::Debug) {
    let missed = model.missed.lock().unwrap();
    assert!(
        missed.is_empty(),
        "{missed:?} after {what:?}: {:?}",
        model.documents
    );
}

/// Every order of steps in which one stops being followed at most `switches` times.
fn every_order(everybody: &[Vec<Deed>], switches: usize) -> usize {
    // a schedule: (after how many steps, to whom it is handed over)
    let mut tried = 0;
    let mut schedules: Vec<Vec<(usize, usize)>> = vec![Vec::new()];
    while let Some(schedule) = schedules.pop() {
        let mut steps = 0;
        let mut current = 0;
        let mut handed = schedule.iter().peekable();
        let model = history(everybody, |running| {
            if let Some((_, to)) = handed.next_if(|(after, _)| *after == steps) {
                current = *to;
            }
            steps += 1;
            current = current.min(running - 1);
            Turn::Step(current)
        });
        check(&model, &schedule);
        tried += 1;
        if schedule.len() < switches {
            let first = schedule.last().map_or(0, |(after, _)| after + 1);
            for after in first..steps {
                for to in 0..everybody.len() {
                    schedules.push([&schedule[..], &[(after, to)]].concat());
                }
            }
        }
    }
    tried
}

#[test]
fn two_owners_and_a_reader_in_every_order_with_two_switches() {
    use Deed::{Append, Read};
    let everybody = [
        vec![Append(1), Append(2), Append(3)],
        vec![Append(11), Append(12)],
        vec![Read, Read],
    ];
    let tried = every_order(&everybody, 2);
    assert!(tried > 10_000, "{tried} orders");
}

/// Deeds of somebody: numbers are his own.
fn deeds(who: u8) -> impl Strategy<Value = Vec<Deed>> {
    prop::collection::vec(any::<bool>(), 1..7).prop_map(move |kinds| {
        let deed = |(number, append): (u8, bool)| {
            if append {
                Deed::Append(who * 10 + number)
            } else {
                Deed::Read
            }
        };
        (0..).zip(kinds).map(deed).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_taken_is_ever_missed(
        everybody in (deeds(0), deeds(1), deeds(2), deeds(3)),
        turns in prop::collection::vec((any::<prop::sample::Index>(), 2_usize..12, 0_u8..12), 1..200),
    ) {
        let everybody: [Vec<Deed>; 4] = everybody.into();
        let mut turns = turns.into_iter().cycle();
        let mut stops_left = 3;
        let mut now = turns.next().unwrap();
        let model = history(&everybody, |running| {
            if now.1 == 0 {
                now = turns.next().unwrap();
            }
            now.1 -= 1;
            let who = now.0.index(running);
            match now.2 {
                0 if stops_left > 0 => {
                    stops_left -= 1;
                    now.1 = 0;
                    Turn::Stop(who)
                }
                1 if now.1 == 0 => Turn::Late,
                _ => Turn::Step(who),
            }
        });
        check(&model, &everybody);
    }
}

#[test]
fn a_chain_becomes_short_and_is_found_from_far_behind() {
    let model = history(&[(0..100).map(Deed::Append).collect()], |_| Turn::Step(0));
    check(&model, &"one owner");
    let documents = model.documents.lock().unwrap();
    let parts = documents.keys().filter(|name| !name.ends_with("closed"));
    assert!(parts.count() <= 2, "{:?}", documents.keys());
    assert!(documents.keys().filter(|name| name.ends_with("closed")).count() > 40);
}
