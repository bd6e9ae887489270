use super::*;
use crate::store::{Batch, DayDocument, Kept};

/// A store that is made anew whenever somebody looks: it takes every word for the first.
struct Forgetful;

#[async_trait::async_trait]
impl WindowStore for Forgetful {
    async fn settle(&self, billing_store: &str) -> Result<String, StoreError> {
        Ok(billing_store.to_owned())
    }

    fn place(&self) -> String {
        "everything".to_owned()
    }

    async fn kept(&self, _shard: u16) -> Result<Kept, StoreError> {
        Ok(Kept::default())
    }

    async fn day(&self, _shard: u16, _day: i32) -> Result<Option<DayDocument>, StoreError> {
        Ok(None)
    }

    async fn save(&self, _batch: Batch) -> Result<(), StoreError> {
        Ok(())
    }
}

/// What is in memory is of the readings of before.
#[tokio::test]
async fn a_database_that_is_made_anew_beneath_a_process_changes_nothing_for_it() {
    let origin = Origin::new(Arc::new(Forgetful));
    origin.check(None).await.unwrap(); // a billing that does not say
    origin.check(Some("01")).await.unwrap();
    origin.check(Some("01")).await.unwrap();
    let refused = origin.check(Some("02")).await.unwrap_err();
    let said = refused.to_string();
    assert!(
        said.contains("store 01") && said.contains("store 02") && said.contains("delete everything"),
        "{said}"
    );
    origin.check(Some("01")).await.unwrap(); // who was asked by mistake does no harm
}
