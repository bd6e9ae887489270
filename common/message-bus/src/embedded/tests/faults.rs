//! A disk that fails.

use std::fs::File;
use std::io;
use std::sync::Mutex;

use super::*;

/// What the disk does wrong.
#[derive(Debug, Default)]
struct Faults {
    /// Syncs that still work; then every one fails.
    syncs_left: Option<u32>,
    /// Bytes that still fit.
    room: Option<usize>,
    /// Writes take at most this, and every other one is interrupted.
    short: Option<usize>,
    calls: u32,
    failed_syncs: u32,
}

#[derive(Clone, Default)]
struct FaultyDisk(Arc<Mutex<Faults>>);

impl FaultyDisk {
    fn set(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.0.lock().unwrap());
    }
}

impl Disk for FaultyDisk {
    fn write(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut faults = self.0.lock().unwrap();
        faults.calls += 1;
        let mut most = bytes.len();
        if let Some(short) = faults.short {
            if faults.calls.is_multiple_of(2) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            most = most.min(short);
        }
        if let Some(room) = &mut faults.room {
            most = most.min(*room);
            *room -= most;
            if most == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        OsDisk.write(file, &bytes[..most], offset)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        let mut faults = self.0.lock().unwrap();
        match &mut faults.syncs_left {
            Some(0) => {
                faults.failed_syncs += 1;
                return Err(io::Error::from_raw_os_error(5)); // EIO
            }
            Some(left) => *left -= 1,
            None => {}
        }
        OsDisk.sync(file)
    }
}

fn open_on(options: Options, disk: &FaultyDisk) -> (Arc<Journal>, CancellationToken) {
    let fatal = CancellationToken::new();
    let journal = Journal::open_on(options, fatal.clone(), Box::new(disk.clone())).unwrap();
    (journal, fatal)
}

#[tokio::test]
async fn short_and_interrupted_writes_are_completed() {
    let temp = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::default();
    disk.set(|faults| faults.short = Some(7));
    let (journal, _) = open_on(small(temp.path()), &disk);
    publish_ids(&journal, 0..20).await;
    journal.close().await.unwrap();
    let journal = open(small(temp.path())).unwrap();
    let ids = delivered_ids(&journal, Group::Billing, readings(0)).await;
    assert_eq!(ids, (0..20).collect::<Vec<_>>());
    journal.close().await.unwrap();
}

/// Whatever sync fails, of a group, a new segment or the positions: it is not tried again, nothing is confirmed afterwards, the
/// process is told to end, and the next start finds everything that was confirmed.
#[tokio::test]
async fn a_failed_sync_is_final() {
    for syncs in 0..24 {
        let temp = tempfile::tempdir().unwrap();
        let disk = FaultyDisk::default();
        let (journal, fatal) = open_on(small(temp.path()), &disk);
        disk.set(|faults| faults.syncs_left = Some(syncs));
        let mut confirmed = Vec::new();
        let error = loop {
            let id = confirmed.len() as u128;
            match journal.publish(vec![message(readings(0), id)]).await {
                Ok(()) => confirmed.push(id),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, BusError::Unavailable(_)), "{error}");
        tokio::time::timeout(Duration::from_secs(5), fatal.cancelled())
            .await
            .unwrap();
        let again = journal.publish(vec![message(readings(0), 99)]).await;
        assert!(matches!(again, Err(BusError::Unavailable(_))));
        let health = journal.health();
        assert!(!health.accepting);
        let trouble = health.trouble.unwrap();
        assert!(trouble.contains("sync"), "{trouble}");
        assert!(journal.close().await.is_err());
        assert_eq!(disk.0.lock().unwrap().failed_syncs, 1, "tried again");
        drop(journal);
        let journal = open(small(temp.path())).unwrap();
        let ids = delivered_ids(&journal, Group::Billing, readings(0)).await;
        assert!(ids.starts_with(&confirmed), "{ids:?} without {confirmed:?}");
        assert!(ids.len() <= confirmed.len() + 1);
        journal.close().await.unwrap();
    }
}

/// Publishers of one group and of those that wait behind it are all told.
#[tokio::test]
async fn everybody_who_waits_is_told_of_a_failure() {
    let temp = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::default();
    let (journal, _) = open_on(small(temp.path()), &disk);
    disk.set(|faults| faults.syncs_left = Some(0));
    let publishes = (0..200).map(|id| journal.publish(vec![message(readings(0), id)]));
    let all = futures_util::future::join_all(publishes);
    let outcomes = tokio::time::timeout(Duration::from_secs(5), all).await.unwrap();
    assert!(outcomes.iter().all(Result::is_err));
}

#[tokio::test]
async fn a_full_disk_refuses_and_recovers() {
    for room in 0..400 {
        let temp = tempfile::tempdir().unwrap();
        let disk = FaultyDisk::default();
        let (journal, fatal) = open_on(small(temp.path()), &disk);
        publish_ids(&journal, 0..3).await;
        disk.set(|faults| faults.room = Some(room * 2));
        let mut next = 3;
        let error = loop {
            match journal.publish(vec![message(readings(0), next)]).await {
                Ok(()) => next += 1,
                Err(error) => break error,
            }
        };
        disk.set(|faults| faults.room = None);
        if matches!(error, BusError::DiskFull { .. }) {
            publish_ids(&journal, next..next + 3).await;
            next += 3;
        } else {
            // Where the positions did not fit, the journal is not usable any more, and says so.
            assert!(matches!(error, BusError::Unavailable(_)), "{error}");
            assert!(fatal.is_cancelled());
        }
        let _failed = journal.close().await;
        drop(journal);
        let journal = open(small(temp.path())).unwrap();
        let ids = delivered_ids(&journal, Group::Billing, readings(0)).await;
        assert_eq!(ids, (0..next).collect::<Vec<_>>(), "with room for {room}");
        journal.close().await.unwrap();
    }
}

/// A small file system, where the user may mount one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let temp = tempfile::tempdir().unwrap();
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
            .arg(temp.path())
            .output();
        let mounted = mount.is_ok_and(|output| output.status.success());
        if !mounted {
            println!("skipped: no right to mount a small file system");
        }
        mounted.then_some(Self(temp))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmount = std::process::Command::new("umount").arg(self.0.path()).status();
        assert!(unmount.is_ok_and(|status| status.success()));
    }
}

async fn fill(journal: &Journal) -> (u128, BusError) {
    let body = Bytes::from(vec![0x55; 30_000]);
    let mut id = 0;
    loop {
        let body = body.clone();
        let large = Message {
            body,
            ..message(readings(1), id)
        };
        match journal.publish(vec![large, message(readings(0), id)]).await {
            Ok(()) => id += 1,
            Err(error) => return (id, error),
        }
    }
}

#[tokio::test]
async fn a_really_full_disk_refuses_and_recovers() {
    let Some(disk) = SmallDisk::mount() else { return };
    let empty = disk::free_bytes(disk.0.path()).unwrap();
    for reserve_bytes in [0, 600 << 10] {
        // The space of removed files comes back when the journal before has let go of the last of them.
        let freed = async {
            while disk::free_bytes(disk.0.path()).unwrap() < empty {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), freed)
            .await
            .unwrap();
        let folder = disk.0.path().join(reserve_bytes.to_string());
        let options = Options {
            segment_bytes: 200_000,
            reserve_bytes,
            ..small(&folder)
        };
        let journal = open(options.clone()).unwrap();
        let (count, error) = fill(&journal).await;
        assert!(matches!(error, BusError::DiskFull { .. }), "{error}");
        assert!(count > 0);
        assert_eq!(journal.health().accepting, reserve_bytes == 0);
        // Reading still works.
        let ids = delivered_ids(&journal, Group::Billing, readings(0)).await;
        assert_eq!(ids, (0..count).collect::<Vec<_>>());
        if reserve_bytes > 0 {
            let free = disk::free_bytes(&folder).unwrap();
            assert!(free > 0, "stopped before the end");
        }
        journal.close().await.unwrap();
        let journal = open(options).unwrap();
        let ids = delivered_ids(&journal, Group::Billing, readings(0)).await;
        assert_eq!(ids, (0..count).collect::<Vec<_>>());
        journal.close().await.unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
