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
    assert!(matches!(store.kept(0).await, Err(StoreError::Document(_))));
}
