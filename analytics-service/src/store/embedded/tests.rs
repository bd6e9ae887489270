use super::*;
use crate::store::contract;

struct Folder(tempfile::TempDir);

impl contract::Open for Folder {
    type Store = Embedded;

    async fn open(&self) -> Result<Embedded, StoreError> {
        Embedded::open(self.0.path())
    }
}

#[tokio::test]
async fn the_contract() {
    contract::check(&Folder(tempfile::tempdir().unwrap()))
        .await
        .unwrap();
}

#[test]
fn days_sort_by_time() {
    let keys: Vec<_> = [i32::MIN, -1, 0, 1, i32::MAX].map(|day| day_key(1, day)).into();
    assert!(keys.is_sorted());
}

#[tokio::test]
async fn an_unknown_layout_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path()).unwrap();
    let later = DayHeader {
        schema: SCHEMA + 1,
        ..DayHeader::default()
    };
    store
        .inner
        .headers
        .insert(day_key(0, 1), later.encode_to_vec())
        .unwrap();
    let refused = store.kept(0).await.unwrap_err();
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
}

/// A day and the progress of a shard, stored.
async fn filled(folder: &Path) {
    let store = Embedded::open(folder).unwrap();
    let day = DayDocument {
        header: DayHeader {
            day: 20_000,
            position: 7,
            ..DayHeader::default()
        },
        groups: vec![proto::billing::GroupMinutes {
            minute: (0..1_440).collect(),
            import: (0..1_440).collect(),
            export: vec![0; 1_440],
            readings: vec![1; 1_440],
            ..Default::default()
        }],
    };
    let batch = Batch {
        days: vec![day],
        progress: Some(Progress {
            position: 7,
            ..Progress::default()
        }),
        ..Batch::default()
    };
    store.save(batch).await.unwrap();
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.metadata().unwrap().len() > 0 {
            found.push(path);
        }
    }
}

/// Whichever file is damaged, the store says where it is and what to do, or has what it had.
#[tokio::test]
async fn damage_names_the_folder_and_the_way_out() {
    let temp = tempfile::tempdir().unwrap();
    let whole = temp.path().join("whole");
    filled(&whole).await;
    let mut paths = Vec::new();
    files(&whole, &mut paths);
    let mut refused = 0;
    for path in &paths {
        for overwrite in [true, false] {
            let folder = temp.path().join("damaged");
            copy(&whole, &folder);
            let target = folder.join(path.strip_prefix(&whole).unwrap());
            let bytes = std::fs::read(&target).unwrap();
            let damaged = if overwrite {
                vec![0xa5; bytes.len().min(4_096)]
            } else {
                bytes[..bytes.len() / 2].to_vec()
            };
            std::fs::write(&target, damaged).unwrap();
            let opened = match Embedded::open(&folder) {
                Ok(store) => store.day(0, 20_000).await.map(drop),
                Err(error) => Err(error),
            };
            if let Err(error) = opened {
                let said = error.to_string();
                assert!(
                    matches!(error, StoreError::Damaged { .. }),
                    "{}: {error:?}",
                    path.display()
                );
                assert!(
                    said.contains(&folder.display().to_string()) && said.contains("delete this folder"),
                    "{said}"
                );
                refused += 1;
            }
            std::fs::remove_dir_all(&folder).unwrap();
        }
    }
    assert!(refused > 1, "{paths:?}");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn a_folder_that_is_taken_is_not_called_damaged() {
    let temp = tempfile::tempdir().unwrap();
    let _first = Embedded::open(temp.path()).unwrap();
    let second = Embedded::open(temp.path()).map(drop).unwrap_err();
    assert!(matches!(second, StoreError::Folder { .. }), "{second:?}");
}
