//! Random publishes, acknowledgements, closes and kills against a list in memory.

use proptest::prelude::*;

use super::*;

/// One step.
#[derive(Debug, Clone)]
enum Step {
    /// So many messages to each of these topics, in one call.
    Publish(Vec<(u8, u8)>),
    /// The group acknowledges so much of the topic, in 256ths.
    Ack(bool, u8, u8),
    Reopen,
    /// Killed while another group is being written; so much of it got there, in 256ths.
    Kill(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let publish = proptest::collection::vec((0..3_u8, 1..4_u8), 1..4).prop_map(Step::Publish);
    let step = prop_oneof![
        6 => publish,
        3 => (any::<bool>(), 0..3_u8, any::<u8>()).prop_map(|(group, topic, part)| Step::Ack(group, topic, part)),
        1 => Just(Step::Reopen),
        2 => any::<u8>().prop_map(Step::Kill),
    ];
    proptest::collection::vec(step, 1..40)
}

fn topic(number: u8) -> Topic {
    if number == 2 {
        Topic::Events
    } else {
        readings(number.into())
    }
}

/// What must be there.
#[derive(Debug, Default)]
struct Model {
    next_id: u128,
    /// Per topic: the ids, in order.
    topics: [Vec<u128>; 3],
    /// Per group and topic: how many are acknowledged.
    acked: [[usize; 3]; 2],
}

struct Run {
    temp: tempfile::TempDir,
    copies: u32,
    spare_bytes: u64,
    model: Model,
}

impl Run {
    fn folder(&self) -> PathBuf {
        self.temp.path().join(self.copies.to_string())
    }

    fn open(&self) -> Arc<Journal> {
        let options = Options {
            spare_bytes: self.spare_bytes,
            rest_bytes: 100,
            ..small(&self.folder())
        };
        open(options).unwrap()
    }

    fn messages(&mut self, counts: &[(u8, u8)]) -> Vec<Message> {
        let mut messages = Vec::new();
        for (number, count) in counts {
            for _ in 0..*count {
                messages.push(message(topic(*number), self.model.next_id));
                self.model.topics[usize::from(*number)].push(self.model.next_id);
                self.model.next_id += 1;
            }
        }
        messages
    }

    /// What a reader gets is the end of the list: from the acknowledged on, from further back if acknowledgements may be lost, and
    /// only after a gap from later on.
    async fn check(&self, journal: &Journal, acks_may_be_lost: bool) {
        for (group_index, group) in [Group::Billing, Group::Analytics].into_iter().enumerate() {
            for number in 0..3 {
                let all = &self.model.topics[usize::from(number)];
                let acked = self.model.acked[group_index][usize::from(number)];
                let mut reader = journal.subscribe(group, topic(number), None).await.unwrap();
                let (mut got, mut gap) = (Vec::new(), false);
                while let Some(delivery) = reader.try_next().await.unwrap() {
                    match delivery {
                        Delivery::Message { id, body, .. } => {
                            assert_eq!(body, message(Topic::Events, id).body);
                            got.push(id);
                        }
                        Delivery::Gap { .. } => {
                            assert!(got.is_empty() && (group == Group::Analytics || number == 2));
                            gap = true;
                        }
                    }
                }
                assert!(all.ends_with(&got), "{group:?} {number}: {got:?} of {all:?}");
                let missed = all.len() - got.len();
                if acks_may_be_lost {
                    // behind a gap it may be more than was acknowledged, or less
                    assert!(
                        gap || missed <= acked,
                        "{group:?} {number}: {got:?} after {acked} of {all:?}"
                    );
                } else if gap {
                    assert!(missed >= acked);
                } else {
                    assert_eq!(missed, acked, "{group:?} {number}: {got:?} of {all:?}");
                }
            }
        }
    }

    async fn ack(&mut self, journal: &Journal, analytics: bool, number: u8, part: u8) {
        let group = if analytics {
            Group::Analytics
        } else {
            Group::Billing
        };
        let mut reader = journal.subscribe(group, topic(number), None).await.unwrap();
        let mut positions = Vec::new();
        while let Some(delivery) = reader.try_next().await.unwrap() {
            if let Delivery::Message { position, .. } = delivery {
                positions.push(position);
            }
        }
        let count = positions.len() * usize::from(part) / 255;
        let Some(position) = count.checked_sub(1).map(|last| positions[last]) else {
            return;
        };
        reader.ack(position).await.unwrap();
        let all = self.model.topics[usize::from(number)].len();
        self.model.acked[usize::from(analytics)][usize::from(number)] = all - positions.len() + count;
    }

    /// The folder as it was after the last confirmation, and a part of one more group.
    async fn kill(&mut self, journal: Arc<Journal>, part: u8) -> Arc<Journal> {
        let (positions, mut segments) = at_one_moment(&self.folder());
        let (newest, before) = segments.pop().unwrap();
        let extra = message(readings(0), u128::MAX);
        journal.publish(vec![extra]).await.unwrap();
        let whole = std::fs::read(&newest).unwrap_or_else(|_| before.clone());
        journal.close().await.unwrap();
        drop(journal);
        // A part only: the whole group would be there, as it may.
        let more = whole.len().saturating_sub(before.len()).saturating_sub(1) * usize::from(part) / 255;
        segments.push((newest, whole[..before.len() + more].to_vec()));
        self.copies += 1;
        let folder = self.folder();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(positions::FILE_NAME), positions).unwrap();
        for (path, bytes) in segments {
            std::fs::write(folder.join(path.file_name().unwrap()), bytes).unwrap();
        }
        self.open()
    }
}

/// The positions and the segments of a folder in which chores may be done meanwhile.
fn at_one_moment(folder: &Path) -> (Vec<u8>, Vec<(PathBuf, Vec<u8>)>) {
    let positions = || std::fs::read(folder.join(positions::FILE_NAME)).unwrap();
    loop {
        let before = positions();
        let paths = segment_paths(folder).into_iter();
        let segments: Option<Vec<_>> = paths
            .map(|path| std::fs::read(&path).ok().map(|bytes| (path, bytes)))
            .collect();
        if let Some(segments) = segments.filter(|_| positions() == before) {
            return (before, segments);
        }
    }
}

async fn run(steps: Vec<Step>, spare_bytes: u64) {
    let mut run = Run {
        temp: tempfile::tempdir().unwrap(),
        copies: 0,
        spare_bytes,
        model: Model::default(),
    };
    let mut journal = run.open();
    let mut acks_may_be_lost = false;
    for step in steps {
        match step {
            Step::Publish(counts) => {
                let messages = run.messages(&counts);
                journal.publish(messages).await.unwrap();
            }
            Step::Ack(analytics, number, part) => run.ack(&journal, analytics, number, part).await,
            Step::Reopen => {
                journal.close().await.unwrap();
                journal = run.open();
                run.check(&journal, acks_may_be_lost).await;
            }
            Step::Kill(part) => {
                journal = run.kill(journal, part).await;
                acks_may_be_lost = true;
                run.check(&journal, acks_may_be_lost).await;
            }
        }
    }
    run.check(&journal, acks_may_be_lost).await;
    journal.close().await.unwrap();
    let report = verify(&run.folder()).unwrap();
    assert_eq!((report.damages, report.unfinished), (vec![], None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn agrees_with_a_list(steps in steps(), spare in prop_oneof![Just(0_u64), Just(1 << 20)]) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(run(steps, spare));
    }
}
