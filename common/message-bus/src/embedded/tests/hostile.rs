//! Bytes that nobody would write: whatever lies in the folder, the answer is the truth or a refusal.

use proptest::prelude::*;

use super::*;

/// What somebody does to a file.
#[derive(Debug, Clone)]
enum Change {
    Overwrite(usize, Vec<u8>),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    /// A piece of the file again, elsewhere.
    Repeat(usize, usize, usize),
    Cut(usize),
}

fn changes() -> impl Strategy<Value = Vec<(usize, Change)>> {
    let bytes = || proptest::collection::vec(any::<u8>(), 1..80);
    let at = || 0..900_usize;
    let change = prop_oneof![
        (at(), bytes()).prop_map(|(at, bytes)| Change::Overwrite(at, bytes)),
        (at(), bytes()).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (at(), 1..200_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        (at(), at(), 1..300_usize).prop_map(|(from, to, count)| Change::Repeat(from, to, count)),
        at().prop_map(Change::Cut),
    ];
    proptest::collection::vec((0..4_usize, change), 1..4)
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let size = bytes.len();
    let within = |at: usize, count: usize| at.min(size)..at.saturating_add(count).min(size);
    match change {
        Change::Overwrite(at, with) => {
            for (byte, with) in bytes.iter_mut().skip(*at).zip(with) {
                *byte = *with;
            }
        }
        Change::Insert(at, with) => {
            let at = (*at).min(size);
            bytes.splice(at..at, with.iter().copied());
        }
        Change::Remove(at, count) => {
            bytes.drain(within(*at, *count));
        }
        Change::Repeat(from, to, count) => {
            let piece = bytes[within(*from, *count)].to_vec();
            let to = (*to).min(size);
            bytes.splice(to..to, piece);
        }
        Change::Cut(at) => bytes.truncate(*at),
    }
}

/// A closed journal whose every byte is confirmed.
async fn sound(folder: &Path) {
    let journal = open(small(folder)).unwrap();
    for id in 0..18 {
        let both = vec![message(readings(0), id), message(readings(1), id)];
        journal.publish(both).await.unwrap();
    }
    journal.close().await.unwrap();
}

async fn all_or_refused(changes: Vec<(usize, Change)>) {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("journal");
    sound(&folder).await;
    let paths = segment_paths(&folder);
    let mut changed = false;
    for (index, change) in &changes {
        let path = &paths[index % paths.len()];
        let before = std::fs::read(path).unwrap();
        let mut bytes = before.clone();
        apply(&mut bytes, change);
        changed |= bytes != before;
        std::fs::write(path, bytes).unwrap();
    }
    let report = verify(&folder).unwrap();
    match open(small(&folder)) {
        Ok(journal) => {
            for shard in 0..SHARDS {
                let ids = delivered_ids(&journal, Group::Billing, readings(shard)).await;
                assert_eq!(ids, (0..18).collect::<Vec<_>>());
            }
            journal.close().await.unwrap();
            assert_eq!(report.damages, vec![]);
        }
        Err(BusError::Damaged { from, to, .. }) => {
            assert!(changed && from <= to);
            assert_ne!(report.damages, vec![]);
        }
        Err(other) => panic!("{other}"),
    }
    // What dump hands out is true, however much is damaged.
    let mut last = 0;
    dump(&folder, 0..=u64::MAX, &mut |dumped| {
        if let Dumped::Message {
            position, id, body, ..
        } = dumped
        {
            assert_eq!(body, message(readings(0), id).body);
            assert_eq!(u128::from(position), id * 2 + 1 + u128::from(position % 2 == 0));
            last = last.max(position);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(last <= 36);
}

fn run(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(work);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_changed_journal_is_whole_or_refused(changes in changes()) {
        run(all_or_refused(changes));
    }

    #[test]
    fn any_bytes_can_be_looked_at(
        segment in proptest::collection::vec(any::<u8>(), 0..2_000),
        positions in proptest::collection::vec(any::<u8>(), 0..200),
        magic in proptest::collection::vec(0..1_900_usize, 0..5),
    ) {
        let temp = tempfile::tempdir().unwrap();
        let mut segment = segment;
        for at in magic {
            for (byte, with) in segment.iter_mut().skip(at).zip(format::GROUP_MAGIC) {
                *byte = with;
            }
        }
        std::fs::write(segment::path_of(temp.path(), 1), &segment).unwrap();
        std::fs::write(temp.path().join(positions::FILE_NAME), &positions).unwrap();
        prop_assert!(!verify(temp.path()).unwrap().damages.is_empty());
        prop_assert!(open(small(temp.path())).is_err());
    }
}
