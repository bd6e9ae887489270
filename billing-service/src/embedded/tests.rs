//! Damage: whatever byte of a table is wrong, what is read is right or an error that says what to do.

use std::path::{Path, PathBuf};

use model::ErrorKind;

use super::*;
use crate::block;
use crate::reads::store::contract::{entry, import};
use crate::reads::store::{Append, BlockKey, EmbeddedReads, Part, ReadsStore};
use crate::store::{Collection, DocumentStore, EmbeddedDocuments, Entry};

const DOCUMENTS: usize = 40;
const METERS: u32 = 40;
/// Places in each table at which a bit is turned.
const FLIPS: usize = 24;

fn document(number: usize) -> Entry {
    Entry {
        collection: Collection::Bills,
        id: format!("bill-{number:04}"),
        document: vec![u8::try_from(number).unwrap(); 100],
    }
}

fn key(meter: u32) -> BlockKey {
    import(1, meter)
}

fn reads_of(meter: u32) -> Vec<block::Entry> {
    (0..96)
        .map(|slot| entry(slot * 900_000, i64::from(slot * meter)))
        .collect()
}

/// Fills a store so that everything lies in tables.
async fn fill(folder: &Path) {
    let engine = Embedded::open(folder).unwrap();
    let documents = EmbeddedDocuments::open(&engine).unwrap();
    documents
        .insert((0..DOCUMENTS).map(document).collect())
        .await
        .unwrap();
    documents.sync().await.unwrap();
    engine
        .documents(Collection::Bills.name())
        .unwrap()
        .rotate_memtable_and_wait()
        .unwrap();
    let reads = EmbeddedReads::new(&engine).unwrap();
    reads.open(0, 1).await.unwrap();
    let part = |meter| Part {
        key: key(meter),
        entries: reads_of(meter),
    };
    let write = Append {
        meters: (0..METERS).map(|meter| (meter, format!("m-{meter}"))).collect(),
        parts: Box::new((0..METERS).map(part)),
        position: Some(1),
    };
    reads.append(0, write).await.unwrap();
}

/// Reads everything; the number of answers that were errors. Panics where an answer is wrong.
async fn read_all(folder: &Path) -> usize {
    let mut errors: Vec<StoreError> = Vec::new();
    let engine = match Embedded::open(folder) {
        Ok(engine) => engine,
        Err(error) => return failed(&[error]),
    };
    match EmbeddedDocuments::open(&engine) {
        Err(error) => errors.push(error),
        Ok(documents) => {
            for number in 0..DOCUMENTS {
                let expected = document(number);
                match documents.get(Collection::Bills, &expected.id).await {
                    Ok(found) => assert_eq!(found, Some(expected.document), "document {number}"),
                    Err(error) => errors.push(error),
                }
            }
            match documents.list(Collection::Bills, "", None, 1000).await {
                Ok(found) => assert_eq!(found.len(), DOCUMENTS),
                Err(error) => errors.push(error),
            }
        }
    }
    match EmbeddedReads::new(&engine) {
        Err(error) => errors.push(error),
        Ok(reads) => {
            match reads.open(0, 1).await {
                Ok(stored) => assert_eq!(stored.meters.len(), usize::try_from(METERS).unwrap()),
                Err(error) => errors.push(error),
            }
            for meter in 0..METERS {
                let mut found = Vec::new();
                let mut join = |_: usize, bytes: &[u8]| block::decode(bytes, &mut found).unwrap();
                match reads.parts(0, &[key(meter)], &mut join).await {
                    Ok(()) => assert_eq!(found, reads_of(meter), "meter {meter}"),
                    Err(error) => errors.push(error),
                }
            }
        }
    }
    failed(&errors)
}

/// Every error names the store and the way out, and does not invite to try again.
fn failed(errors: &[StoreError]) -> usize {
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Internal, "{error:?}");
        let text = error.to_string();
        assert!(
            text.contains("store of billing") && text.contains("backup"),
            "{text}"
        );
    }
    errors.len()
}

/// The files of tables, largest first.
fn tables(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if folder.ends_with("tables") {
                found.push((entry.metadata().unwrap().len(), entry.path()));
            }
        }
    }
    found.sort();
    found.into_iter().rev().map(|(_, path)| path).collect()
}

#[tokio::test]
async fn a_damaged_table_gives_the_truth_or_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path()).await;
    assert_eq!(
        read_all(folder.path()).await,
        0,
        "an undamaged store has everything"
    );
    let tables = tables(folder.path());
    assert!(tables.len() >= 3, "documents, reads and meters: {tables:?}");
    let mut noticed = 0;
    for table in &tables {
        let whole = std::fs::read(table).unwrap();
        let step = (whole.len() / FLIPS).max(1);
        for at in (step / 2..whole.len()).step_by(step) {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << (at % 8);
            std::fs::write(table, &damaged).unwrap();
            noticed += usize::from(read_all(folder.path()).await > 0);
        }
        std::fs::write(table, &whole[..whole.len() / 2]).unwrap();
        assert!(read_all(folder.path()).await > 0, "half of {}", table.display());
        std::fs::write(table, &whole).unwrap();
    }
    assert!(noticed > tables.len() * FLIPS / 2, "{noticed}");
    assert_eq!(read_all(folder.path()).await, 0, "mended");
}
