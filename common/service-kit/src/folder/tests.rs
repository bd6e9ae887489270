use std::os::unix::fs::PermissionsExt as _;

use super::FolderLock;
use crate::KitError;

#[test]
fn a_folder_has_one_owner_at_a_time() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("new/data");
    let first = FolderLock::take(&folder).unwrap();
    assert_eq!(first.folder(), folder);
    let rights = std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
    assert_eq!(rights, 0o700, "of its owner alone");
    match FolderLock::take(&folder) {
        Err(KitError::FolderInUse { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
        other => panic!("{other:?}"),
    }
    drop(first);
    FolderLock::take(&folder).unwrap();
}

#[test]
fn a_folder_that_cannot_be_made_says_so() {
    let parent = tempfile::NamedTempFile::new().unwrap();
    let error = FolderLock::take(&parent.path().join("data")).unwrap_err();
    assert!(error.to_string().starts_with("cannot make "), "{error}");
}
