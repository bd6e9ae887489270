use std::sync::Arc;

use proto::billing::Bill;

use super::*;
use crate::embedded::Embedded;

#[tokio::test]
async fn the_embedded_store_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let store = EmbeddedDocuments::open(&Embedded::open(folder.path()).unwrap()).unwrap();
    contract::check(&store).await;
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let bill = Bill {
        id: "a.2026-01-01.0".to_owned(),
        total: "1.00".to_owned(),
        ..Bill::default()
    };
    {
        let store = Store::new(Arc::new(
            EmbeddedDocuments::open(&Embedded::open(folder.path()).unwrap()).unwrap(),
        ));
        assert_eq!(store.insert(&bill).await.unwrap(), Inserted::New);
        store.sync().await.unwrap();
    }
    let store = Store::new(Arc::new(
        EmbeddedDocuments::open(&Embedded::open(folder.path()).unwrap()).unwrap(),
    ));
    assert_eq!(store.get::<Bill>(&bill.id).await.unwrap(), Some(bill));
}

#[test]
fn documents_of_another_schema_are_refused() {
    let good = entry(&NumberClaim {
        series: "GT-INV-2026".to_owned(),
        number: 1,
        bill_id: "b".to_owned(),
    });
    assert_eq!(good.id, "number|GT-INV-2026|1");
    assert!(decode::<NumberClaim>(&good.document).is_ok());
    let mut newer = good.document;
    newer[0] = 2;
    let refused = decode::<NumberClaim>(&newer).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "stored numbers cannot be read: schema 2 is unknown"
    );
    assert!(decode::<NumberClaim>(&[]).is_err());
    assert!(decode::<NumberClaim>(&[1, 0xff]).is_err());
}
