//! Who may open the folder, and what must be in it.

use super::*;

#[tokio::test]
async fn a_second_journal_on_the_folder_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let journal = open(small(temp.path())).unwrap();
    assert!(matches!(open(small(temp.path())), Err(BusError::InUse { folder }) if folder == temp.path()));
    journal.close().await.unwrap();
    open(small(temp.path())).unwrap().close().await.unwrap();
}

#[tokio::test]
async fn another_number_of_shards_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    open(small(temp.path())).unwrap().close().await.unwrap();
    let options = Options {
        shards: 3,
        ..small(temp.path())
    };
    let refused = open(options).err().unwrap();
    assert!(
        matches!(
            refused,
            BusError::Shards {
                found: SHARDS,
                wanted: 3
            }
        ),
        "{refused}"
    );
}

#[test]
fn options_that_could_never_make_room_are_refused() {
    let temp = tempfile::tempdir().unwrap();
    let cases = [
        Options {
            shards: 0,
            ..small(temp.path())
        },
        Options {
            shards: MAX_SHARDS + 1,
            ..small(temp.path())
        },
        Options {
            limit_bytes: 1 << 20,
            ..small(temp.path())
        },
    ];
    for options in cases {
        assert!(matches!(open(options), Err(BusError::Invalid(_))));
    }
}

/// A closed journal of several segments with the ids 0..20, in a folder of its own.
async fn closed(temp: &Path, name: &str) -> PathBuf {
    let folder = temp.join(name);
    let journal = open(small(&folder)).unwrap();
    publish_ids(&journal, 0..20).await;
    journal.close().await.unwrap();
    assert!(segment_paths(&folder).len() >= 4);
    folder
}

/// What the start and `verify` say of a folder that somebody changed. Both must find it.
fn complaint(folder: &Path) -> String {
    let report = verify(folder).unwrap();
    assert_ne!(report.damages, vec![], "verify sees nothing");
    match open(small(folder)) {
        Err(error @ BusError::Damaged { .. }) => error.to_string(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it started"),
    }
}

#[tokio::test]
async fn a_segment_that_is_missing_is_noticed() {
    let temp = tempfile::tempdir().unwrap();
    let count = segment_paths(&closed(temp.path(), "model").await).len();
    for index in 0..count {
        let folder = closed(temp.path(), &index.to_string()).await;
        let path = segment_paths(&folder).remove(index);
        std::fs::remove_file(&path).unwrap();
        let said = complaint(&folder);
        assert!(said.starts_with(&path.display().to_string()), "{said}");
    }
    let folder = closed(temp.path(), "all").await;
    for path in segment_paths(&folder) {
        std::fs::remove_file(path).unwrap();
    }
    complaint(&folder);
}

#[tokio::test]
async fn a_renamed_or_copied_segment_is_noticed() {
    let temp = tempfile::tempdir().unwrap();
    let folder = closed(temp.path(), "renamed").await;
    let paths = segment_paths(&folder);
    std::fs::rename(&paths[1], folder.join("renamed.log")).unwrap();
    complaint(&folder);

    let folder = closed(temp.path(), "moved").await;
    let paths = segment_paths(&folder);
    std::fs::rename(&paths[1], segment::path_of(&folder, 999)).unwrap();
    complaint(&folder);

    let folder = closed(temp.path(), "copied").await;
    let paths = segment_paths(&folder);
    std::fs::copy(&paths[1], segment::path_of(&folder, 999)).unwrap();
    complaint(&folder);

    let folder = closed(temp.path(), "swapped").await;
    let paths = segment_paths(&folder);
    std::fs::rename(&paths[1], folder.join("aside")).unwrap();
    std::fs::rename(&paths[2], &paths[1]).unwrap();
    std::fs::rename(folder.join("aside"), &paths[2]).unwrap();
    complaint(&folder);

    let folder = closed(temp.path(), "foreign").await;
    let other = closed(temp.path(), "other").await;
    std::fs::copy(&segment_paths(&other)[1], &segment_paths(&folder)[1]).unwrap();
    complaint(&folder);
}

#[tokio::test]
async fn an_old_copy_of_a_segment_is_noticed() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("journal");
    let journal = open(small(&folder)).unwrap();
    publish_ids(&journal, 0..2).await;
    let path = segment_paths(&folder).remove(0);
    let old = std::fs::read(&path).unwrap();
    publish_ids(&journal, 2..4).await;
    journal.close().await.unwrap();
    let new = std::fs::read(&path).unwrap();
    std::fs::write(&path, &old).unwrap();
    let said = complaint(&folder);
    let range = format!("from byte {} to byte {}", old.len(), new.len());
    assert!(said.contains(&range), "{said}");
    // Not the newest one either.
    std::fs::write(&path, &new).unwrap();
    let journal = open(small(&folder)).unwrap();
    publish_ids(&journal, 4..20).await;
    journal.close().await.unwrap();
    std::fs::write(&path, &old).unwrap();
    complaint(&folder);
}

#[tokio::test]
async fn missing_or_unreadable_positions_are_noticed() {
    let temp = tempfile::tempdir().unwrap();
    let folder = closed(temp.path(), "journal").await;
    let path = folder.join(positions::FILE_NAME);
    let sound = std::fs::read(&path).unwrap();
    std::fs::write(&path, vec![0; sound.len()]).unwrap();
    complaint(&folder);
    std::fs::remove_file(&path).unwrap();
    complaint(&folder);
    std::fs::write(&path, sound).unwrap();
    open(small(&folder)).unwrap().close().await.unwrap();
}

#[tokio::test]
async fn what_a_crash_leaves_of_a_new_journal_or_segment_is_no_obstacle() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("new");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(positions::FILE_NAME), b"half a sl").unwrap();
    std::fs::write(folder.join("00000000000000000001.unfinished"), b"GRID").unwrap();
    let journal = open(small(&folder)).unwrap();
    publish_ids(&journal, 0..3).await;
    journal.close().await.unwrap();
    std::fs::write(folder.join("00000000000000000004.unfinished"), [0; 64]).unwrap();
    let journal = open(small(&folder)).unwrap();
    assert_eq!(
        delivered_ids(&journal, Group::Billing, readings(0)).await,
        vec![0, 1, 2]
    );
    journal.close().await.unwrap();
    assert!(!folder.join("00000000000000000004.unfinished").exists());
}

/// After a power loss the newest positions may be gone; those synced last are older, and everything goes on from them.
#[tokio::test]
async fn positions_that_fall_back_only_bring_messages_again() {
    let temp = tempfile::tempdir().unwrap();
    let origin = temp.path().join("origin");
    let folder = temp.path().join("journal");
    let options = |folder: &Path| Options {
        spare_bytes: 0,
        ..small(folder)
    };
    let journal = open(options(&origin)).unwrap();
    publish_ids(&journal, 0..30).await;
    let mut reader = journal
        .subscribe(Group::Billing, readings(0), None)
        .await
        .unwrap();
    let all = drain(&mut *reader).await;
    reader.ack(all[19].0).await.unwrap();
    journal.close().await.unwrap();
    let journal = open(options(&origin)).unwrap();
    let mut reader = journal
        .subscribe(Group::Billing, readings(0), None)
        .await
        .unwrap();
    reader.ack(all[21].0).await.unwrap();
    copy(&origin, &folder);
    journal.close().await.unwrap();
    let path = folder.join(positions::FILE_NAME);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100..8_000].fill(0);
    std::fs::write(&path, bytes).unwrap();
    let journal = open(options(&folder)).unwrap();
    let ids = delivered_ids(&journal, Group::Billing, readings(0)).await;
    assert!(
        ids == (20..30).collect::<Vec<_>>() || ids == (22..30).collect::<Vec<_>>(),
        "{ids:?}"
    );
    journal.close().await.unwrap();
}

/// A segment exists as soon as it has its name; the positions file learns of it a moment later.
#[tokio::test]
async fn a_crash_between_a_new_segment_and_the_positions_is_no_obstacle() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("journal");
    let journal = open(small(&folder)).unwrap();
    let mut before = std::fs::read(folder.join(positions::FILE_NAME)).unwrap();
    let mut id = 0;
    while segment_paths(&folder).len() < 3 {
        before = std::fs::read(folder.join(positions::FILE_NAME)).unwrap();
        publish_ids(&journal, id..id + 1).await;
        id += 1;
    }
    journal.close().await.unwrap();
    std::fs::write(folder.join(positions::FILE_NAME), before).unwrap();
    let journal = open(small(&folder)).unwrap();
    let ids = delivered_ids(&journal, Group::Billing, readings(0)).await;
    assert_eq!(ids, (0..id).collect::<Vec<_>>());
    journal.close().await.unwrap();
}
