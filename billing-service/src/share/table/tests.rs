use proptest::prelude::*;

use super::*;

const SHARDS: u16 = 8;

fn said(assistant: u64, number: u64, wishes: &Wishes, shards: &[u16]) -> Report {
    Report {
        assistant,
        number,
        turn: wishes.turn,
        shards: shards.iter().copied().collect(),
        ..Report::default()
    }
}

/// An assistant that has said its first word.
fn joined(table: &mut Table, now: Instant, assistant: u64) -> Wishes {
    let first = said(assistant, 1, &Wishes::default(), &[]);
    table.report(now, first).unwrap();
    table.wishes(assistant).unwrap()
}

/// The leader does all that is to be done.
fn work(table: &mut Table) -> Vec<Step> {
    let mut steps = Vec::new();
    while let Some(step) = table.next() {
        steps.push(step);
        match step {
            Step::Give { shard, to } => table.given(shard, to),
            Step::Take { shard } => table.taken(shard),
        }
    }
    steps
}

/// How many shards the leader takes in.
fn own(table: &Table) -> usize {
    let own = table.owners.iter().filter(|owner| **owner == Owner::Leader);
    own.count()
}

fn shards(wishes: &Wishes) -> Vec<u16> {
    wishes.shards.iter().copied().collect()
}

#[tokio::test]
async fn a_leader_alone_has_everything_and_an_assistant_gets_its_share() {
    let (now, mut table) = (Instant::now(), Table::new(SHARDS));
    assert_eq!(work(&mut table), []);
    joined(&mut table, now, 7);
    assert_eq!(work(&mut table).len(), 4);
    assert_eq!(shards(&table.wishes(7).unwrap()), [1, 3, 5, 7]);
    assert_eq!(own(&table), 4);
    assert_eq!(table.check(7, 1), Ok(()));
    assert_eq!(table.check(7, 2), Err(Unknown));
    assert_eq!(table.check(8, 1), Err(Unknown));
}

#[tokio::test]
async fn a_shard_changes_hands_when_the_one_who_had_it_says_that_it_is_done() {
    let (now, mut table) = (Instant::now(), Table::new(SHARDS));
    joined(&mut table, now, 7);
    work(&mut table);
    let had = table.wishes(7).unwrap();
    table.report(now, said(7, 2, &had, &[1, 3, 5, 7])).unwrap();
    joined(&mut table, now, 9);
    work(&mut table);
    let wished = table.wishes(7).unwrap();
    assert_eq!(
        shards(&wished),
        [1, 4, 7],
        "4 still has the leader's consumer to end"
    );
    assert_eq!(shards(&table.wishes(9).unwrap()), [2]);
    // What it says without knowing of the wish is not an answer to it.
    table.report(now, said(7, 3, &had, &[1, 7])).unwrap();
    work(&mut table);
    assert_eq!(shards(&table.wishes(9).unwrap()), [2]);
    table
        .report(now, said(7, 4, &table.wishes(7).unwrap(), &[1, 3, 4, 7]))
        .unwrap();
    work(&mut table);
    assert_eq!(shards(&table.wishes(9).unwrap()), [2, 5], "3 is not stored yet");
    table
        .report(now, said(7, 5, &table.wishes(7).unwrap(), &[1, 4, 7]))
        .unwrap();
    assert_eq!(work(&mut table), [Step::Take { shard: 3 }]);
}

#[tokio::test]
async fn who_is_not_heard_of_has_nothing_any_more_and_must_begin_anew() {
    let (now, mut table) = (Instant::now(), Table::new(SHARDS));
    let wishes = joined(&mut table, now, 7);
    work(&mut table);
    assert_eq!(table.give_up(now + LOST_AFTER), 0);
    assert_eq!(table.give_up(now + LOST_AFTER * 2), 1);
    assert_eq!(table.report(now, said(7, 2, &wishes, &[1])), Err(Unknown));
    assert_eq!(table.wishes(7), Err(Unknown));
    assert_eq!(table.check(7, 1), Err(Unknown));
    assert_eq!(work(&mut table).len(), 4, "the leader takes them");
    assert_eq!(own(&table), 8);
}

#[tokio::test]
async fn a_hold_counts_only_when_the_assistant_knew_that_it_was_wished() {
    let (now, mut table) = (Instant::now(), Table::new(SHARDS));
    joined(&mut table, now, 7);
    work(&mut table);
    assert_eq!(table.wish_held(0), None, "the leader's own");
    assert_eq!(table.wish_held(99), None);
    let held = |number, wishes: &Wishes, position| Report {
        held: BTreeMap::from([(3, position)]),
        ..said(7, number, wishes, &[1, 3, 5, 7])
    };
    assert_eq!(table.wish_held(3), Some(7));
    assert_eq!(table.wish_held(3), Some(7), "another fold");
    assert_eq!(table.held(3, 7), Ok(None));
    let first = table.wishes(7).unwrap();
    assert_eq!(first.hold, BTreeSet::from([3]));
    table.report(now, held(2, &first, 50)).unwrap();
    assert_eq!(table.held(3, 7), Ok(Some(50)));
    table.let_go(3, 7);
    assert_eq!(table.held(3, 7), Ok(Some(50)), "for the other fold");
    table.let_go(3, 7);
    assert_eq!(table.wishes(7).unwrap().hold, BTreeSet::new());
    // Wished again before the assistant has let it go: it may do so at any moment.
    assert_eq!(table.wish_held(3), Some(7));
    assert_eq!(table.held(3, 7), Ok(None));
    table.report(now, held(3, &first, 50)).unwrap();
    assert_eq!(table.held(3, 7), Ok(None));
    let second = table.wishes(7).unwrap();
    table.report(now, held(4, &second, 60)).unwrap();
    assert_eq!(table.held(3, 7), Ok(Some(60)));
    table.give_up(now + LOST_AFTER * 2);
    assert_eq!(table.held(3, 7), Err(Unknown));
}

/// What can happen, in any order.
#[derive(Debug, Clone)]
enum Event {
    /// An assistant reports, having applied its wishes or not, and having ended what it was asked back or not.
    Report(u64, bool, bool),
    /// The leader looks, when some time is over.
    Look(u64),
    /// The leader does one thing, if any.
    Step,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => (0..4_u64, any::<bool>(), any::<bool>()).prop_map(|(id, applies, ends)| Event::Report(id, applies, ends)),
        2 => (0..4_u64).prop_map(Event::Look),
        4 => Just(Event::Step),
    ];
    prop::collection::vec(event, 0..120)
}

/// An assistant as it is: what it takes in, and what it heard last.
#[derive(Debug, Default, Clone)]
struct Real {
    number: u64,
    heard: Wishes,
    applied: Wishes,
    has: BTreeSet<u16>,
}

proptest! {
    /// Whatever is said and lost, no two take in a shard by the leader's word: the leader does when no assistant that it has not given up
    /// still has it; and when everybody speaks again, every shard is taken in by who is due.
    #[test]
    fn a_shard_has_one_owner_and_finds_its_way(events in events()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _in = runtime.enter();
        let (mut now, mut table) = (Instant::now(), Table::new(SHARDS));
        let mut own: BTreeSet<u16> = (0..SHARDS).collect();
        let mut ids: Vec<u64> = (0..4).collect();
        let mut next_id = 4;
        let mut real: BTreeMap<u64, Real> = BTreeMap::new();
        let mut everybody = |table: &mut Table, now, real: &mut BTreeMap<u64, Real>, place: usize, applies: bool, ends: bool| {
            let id = ids[place];
            let of = real.entry(id).or_default();
            if applies {
                of.applied = of.heard.clone();
                of.has.extend(&of.applied.shards);
            }
            if ends {
                of.has.retain(|shard| of.applied.shards.contains(shard));
            }
            of.number += 1;
            let has: Vec<u16> = of.has.iter().copied().collect();
            match table.report(now, said(id, of.number, &of.applied, &has)) {
                Ok(()) => of.heard = table.wishes(id).unwrap(),
                Err(Unknown) => {
                    real.remove(&id); // drops everything
                    ids[place] = next_id;
                    next_id += 1;
                }
            }
        };
        for event in events {
            match event {
                Event::Report(place, applies, ends) => {
                    everybody(&mut table, now, &mut real, usize::try_from(place).unwrap(), applies, ends);
                }
                Event::Look(seconds) => {
                    now += std::time::Duration::from_secs(seconds);
                    table.give_up(now);
                }
                Event::Step => match table.next() {
                    Some(Step::Give { shard, to }) => {
                        prop_assert!(own.remove(&shard));
                        table.given(shard, to);
                    }
                    Some(Step::Take { shard }) => {
                        let others = real.iter().filter(|(id, of)| table.wishes(**id).is_ok() && of.has.contains(&shard));
                        prop_assert_eq!(others.count(), 0);
                        prop_assert!(own.insert(shard));
                        table.taken(shard);
                    }
                    None => {}
                },
            }
            let owned: Vec<u16> = (0..SHARDS).filter(|shard| table.owner(*shard) == Some(Owner::Leader)).collect();
            prop_assert_eq!(owned, own.iter().copied().collect::<Vec<_>>());
        }
        for _ in 0..20 {
            for place in 0..4 {
                everybody(&mut table, now, &mut real, place, true, true);
            }
            for step in work(&mut table) {
                match step {
                    Step::Give { shard, .. } => prop_assert!(own.remove(&shard)),
                    Step::Take { shard } => prop_assert!(own.insert(shard)),
                }
            }
        }
        let mut all: Vec<u16> = own.iter().copied().collect();
        for of in real.values() {
            prop_assert_eq!(&of.has, &of.applied.shards);
            all.extend(&of.has);
        }
        all.sort_unstable();
        prop_assert_eq!(all, (0..SHARDS).collect::<Vec<_>>(), "each once");
    }
}
