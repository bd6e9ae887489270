//! Torn tails and damage: every cut and every flipped byte of a small journal.

use super::*;

/// A journal that was killed when its last group was durable but nothing had noted so: the hardest moment to judge.
struct Killed {
    temp: tempfile::TempDir,
    /// The newest segment before the last group, and with it.
    before: u64,
    whole: Vec<u8>,
    newest: PathBuf,
}

const LAST_ID: u128 = 15;

impl Killed {
    async fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("journal");
        let origin = temp.path().join("origin");
        let journal = open(small(&origin)).unwrap();
        publish_ids(&journal, 0..LAST_ID).await;
        // A close notes the end, the next start goes on behind it.
        journal.close().await.unwrap();
        let journal = open(small(&origin)).unwrap();
        copy(&origin, &folder);
        let newest = segment_paths(&folder).pop().unwrap();
        let before = std::fs::metadata(&newest).unwrap().len();
        publish_ids(&journal, LAST_ID..LAST_ID + 1).await;
        let whole = std::fs::read(origin.join(newest.file_name().unwrap())).unwrap();
        assert!(
            whole.len() as u64 > before,
            "the last group is in the same segment"
        );
        std::fs::write(&newest, &whole).unwrap();
        journal.close().await.unwrap();
        Self {
            temp,
            before,
            whole,
            newest,
        }
    }

    /// A copy of the folder whose newest segment holds `bytes`.
    fn with_newest(&self, bytes: &[u8]) -> PathBuf {
        let folder = self.temp.path().join("copy");
        let _absent = std::fs::remove_dir_all(&folder);
        copy(&self.temp.path().join("journal"), &folder);
        std::fs::write(folder.join(self.newest.file_name().unwrap()), bytes).unwrap();
        folder
    }

    /// The start cuts, and everything else goes on.
    async fn is_cut(&self, bytes: &[u8], what: &str) {
        let folder = self.with_newest(bytes);
        let report = verify(&folder).unwrap();
        assert_eq!(report.damages, vec![], "{what}");
        let journal = open(small(&folder)).unwrap_or_else(|error| panic!("{what}: {error}"));
        let ids = delivered_ids(&journal, Group::Billing, readings(0)).await;
        assert_eq!(ids, (0..LAST_ID).collect::<Vec<_>>(), "{what}");
        publish_ids(&journal, 70..71).await;
        journal.close().await.unwrap();
        let journal = open(small(&folder)).unwrap();
        let ids = delivered_ids(&journal, Group::Billing, readings(0)).await;
        assert_eq!(ids, (0..LAST_ID).chain([70]).collect::<Vec<_>>(), "{what}");
        journal.close().await.unwrap();
        let report = verify(&folder).unwrap();
        assert_eq!((report.damages, report.unfinished), (vec![], None), "{what}");
    }

    /// The start is refused with a range that holds `byte`, and `verify` tells the same.
    fn is_refused(&self, bytes: &[u8], byte: u64, what: &str) {
        let folder = self.with_newest(bytes);
        let Err(BusError::Damaged { from, to, file, .. }) = open(small(&folder)) else {
            panic!("{what}: not refused");
        };
        assert!((from..to).contains(&byte), "{what}: {from}..{to}");
        let damages = verify(&folder).unwrap().damages;
        let told = damages
            .iter()
            .any(|damage| damage.file == file && (damage.from..damage.to).contains(&byte));
        assert!(told, "{what}: {damages:?}");
    }
}

#[tokio::test]
async fn a_write_cut_anywhere_is_cut_off() {
    let killed = Killed::new().await;
    let before = usize::try_from(killed.before).unwrap();
    for end in before..killed.whole.len() {
        killed
            .is_cut(&killed.whole[..end], &format!("cut at {end}"))
            .await;
    }
}

#[tokio::test]
async fn a_write_garbled_anywhere_is_cut_off() {
    let killed = Killed::new().await;
    let before = usize::try_from(killed.before).unwrap();
    for start in before..killed.whole.len() {
        for filler in [0_u8, 0xb7] {
            let mut bytes = killed.whole.clone();
            bytes[start..].fill(filler);
            if bytes != killed.whole {
                killed.is_cut(&bytes, &format!("{filler} from {start}")).await;
            }
        }
        // Pages reach the disk in any order: the beginning may be what is missing.
        let mut bytes = killed.whole.clone();
        bytes[before..=start].fill(0);
        killed.is_cut(&bytes, &format!("zeros up to {start}")).await;
    }
}

#[tokio::test]
async fn garbage_behind_the_last_group_is_cut_off() {
    let killed = Killed::new().await;
    for garbage in [&[0_u8; 1][..], &[0; 4096], b"\xb7GJ\x1e and so on", &[0xff; 39]] {
        let before = usize::try_from(killed.before).unwrap();
        let mut bytes = killed.whole[..before].to_vec();
        bytes.extend(garbage);
        killed
            .is_cut(&bytes, &format!("{} bytes of garbage", garbage.len()))
            .await;
    }
}

#[tokio::test]
async fn nothing_confirmed_is_ever_cut_off() {
    let killed = Killed::new().await;
    for end in 0..killed.before {
        let bytes = &killed.whole[..usize::try_from(end).unwrap()];
        killed.is_refused(
            bytes,
            end.max(format::SEGMENT_HEAD as u64 - 1).max(end),
            &format!("cut at {end}"),
        );
    }
}

/// Whoever stands before it must learn that readings are gone, not that a header cannot be read.
#[tokio::test]
async fn a_journal_that_was_cut_short_says_so() {
    let killed = Killed::new().await;
    let start = format::SEGMENT_HEAD as u64;
    for end in start..killed.before {
        let folder = killed.with_newest(&killed.whole[..usize::try_from(end).unwrap()]);
        let said = open(small(&folder)).map(drop).unwrap_err().to_string();
        assert!(
            said.contains("cut short: readings that were confirmed"),
            "cut at {end}: {said}"
        );
    }
}

#[tokio::test]
async fn a_flipped_byte_before_the_last_group_is_reported_with_its_range() {
    let killed = Killed::new().await;
    for at in 0..usize::try_from(killed.before).unwrap() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = killed.whole.clone();
            bytes[at] ^= flip;
            killed.is_refused(&bytes, at as u64, &format!("byte {at} ^ {flip}"));
        }
    }
}

/// Also when the last group is torn on top of it.
#[tokio::test]
async fn a_flipped_byte_before_a_torn_tail_is_reported() {
    let killed = Killed::new().await;
    for at in 0..usize::try_from(killed.before).unwrap() {
        let mut bytes = killed.whole[..killed.whole.len() - 3].to_vec();
        bytes[at] ^= 0x04;
        killed.is_refused(&bytes, at as u64, &format!("byte {at}"));
    }
}

#[tokio::test]
async fn after_a_close_any_flipped_byte_is_reported_with_its_range() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("journal");
    let journal = open(small(&folder)).unwrap();
    for id in 0..6 {
        let event = message(Topic::Events, id + 50);
        journal
            .publish(vec![
                message(readings(0), id),
                message(readings(1), id + 100),
                event,
            ])
            .await
            .unwrap();
    }
    journal.close().await.unwrap();
    let mut ranges = Vec::new();
    for path in segment_paths(&folder) {
        let sound = std::fs::read(&path).unwrap();
        for at in 0..sound.len() {
            let mut bytes = sound.clone();
            bytes[at] ^= 0x20;
            std::fs::write(&path, bytes).unwrap();
            let Err(BusError::Damaged { file, from, to, .. }) = open(small(&folder)) else {
                panic!("byte {at} of {path:?} not noticed");
            };
            assert_eq!(file, path);
            assert!(
                (from..to).contains(&(at as u64)),
                "{from}..{to} does not hold {at}"
            );
            let damages = verify(&folder).unwrap().damages;
            assert_eq!(damages.len(), 1, "byte {at}: {damages:?}");
            assert_eq!((damages[0].from, damages[0].to), (from, to), "byte {at}");
            ranges.push(to - from);
        }
        std::fs::write(&path, &sound).unwrap();
    }
    // A flipped byte of a body costs its record and no more.
    let record = format::record_bytes(&message(readings(0), 1)) as u64;
    assert!(ranges.iter().filter(|bytes| **bytes <= record + 2).count() > ranges.len() / 2);
    open(small(&folder)).unwrap().close().await.unwrap();
}

#[tokio::test]
async fn a_flipped_byte_of_the_positions_does_no_harm() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("journal");
    let journal = open(small(&folder)).unwrap();
    publish_ids(&journal, 0..10).await;
    let mut reader = journal
        .subscribe(Group::Billing, readings(0), None)
        .await
        .unwrap();
    let all = drain(&mut *reader).await;
    reader.ack(all[4].0).await.unwrap();
    journal.close().await.unwrap();
    let path = folder.join(positions::FILE_NAME);
    let sound = std::fs::read(&path).unwrap();
    for at in (0..sound.len()).step_by(61) {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x08;
        std::fs::write(&path, bytes).unwrap();
        let journal = open(small(&folder)).unwrap();
        let ids = delivered_ids(&journal, Group::Billing, readings(0)).await;
        assert_eq!(ids, (5..10).collect::<Vec<_>>(), "byte {at}");
        journal.close().await.unwrap();
    }
}

/// Damage that appears while the journal is open stops it when a reader comes there; no message is skipped.
#[tokio::test]
async fn damage_under_an_open_journal_stops_it() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("journal");
    let journal = open(small(&folder)).unwrap();
    publish_ids(&journal, 0..4).await;
    journal.close().await.unwrap();
    let fatal = CancellationToken::new();
    // Its memory of newest messages is empty: it must read.
    let journal = Journal::open(small(&folder), fatal.clone()).unwrap();
    let path = segment_paths(&folder).remove(0);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let mut reader = journal
        .subscribe(Group::Billing, readings(0), None)
        .await
        .unwrap();
    let error = loop {
        match reader.try_next().await {
            Ok(Some(Delivery::Message { id, body, .. })) => assert_eq!(body, message(readings(0), id).body),
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, BusError::Damaged { .. }), "{error}");
    assert!(fatal.is_cancelled());
    assert_eq!(journal.health().trouble, Some(error.to_string()));
}

#[tokio::test]
async fn dump_reads_on_behind_damage() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("journal");
    let journal = open(small(&folder)).unwrap();
    publish_ids(&journal, 0..12).await;
    journal.close().await.unwrap();
    let path = segment_paths(&folder).remove(0);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = format::SEGMENT_HEAD + format::GROUP_HEAD + format::RECORD_HEAD + 12;
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let (mut ids, mut damages) = (Vec::new(), Vec::new());
    dump(&folder, 0..=u64::MAX, &mut |dumped| {
        match dumped {
            Dumped::Message { id, .. } => ids.push(id),
            Dumped::Damage(damage) => damages.push((ids.len(), damage.from, damage.to)),
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(ids, (1..12).collect::<Vec<_>>());
    let from = (format::SEGMENT_HEAD + format::GROUP_HEAD) as u64;
    let to = from + format::record_bytes(&message(readings(0), 0)) as u64;
    assert_eq!(damages, vec![(0, from, to)]);
}
