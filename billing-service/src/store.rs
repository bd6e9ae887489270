//! Where documents are kept: the register, bills, intents, numbers, exceptions, the quarantine. Every backend passes `contract`.
//!
//! A document has a string id that is a function of what it is about, so that writing it again is harmless. There are no transactions:
//! whoever needs several documents orders the writes.

#[cfg(test)]
pub(crate) mod contract;
mod document;
mod embedded;
mod mongo;

use std::sync::Arc;

pub(crate) use document::{
    BillInputs, Contest, Document, Intent, Kept, NumberClaim, Quarantined, RegisterDocument, Rival, Sent,
    TariffEdition, Term,
};
pub(crate) use embedded::EmbeddedDocuments;
pub(crate) use mongo::MongoDocuments;

use crate::error::StoreError;

/// The layout of every document; its first byte. A reader refuses what it does not know.
const SCHEMA: u8 = 1;
/// As many documents as are read or written at once.
pub(crate) const BATCH: usize = 256;

/// A kind of document, kept apart from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Collection {
    /// Places of delivery.
    ServicePoints,
    /// Meters.
    Meters,
    /// Which meter is where.
    Installations,
    /// Who is billed.
    Accounts,
    /// Who is billed for which place.
    Agreements,
    /// Billing calendars.
    Calendars,
    /// Tariffs, the current text of each.
    Tariffs,
    /// Every text a tariff ever had, by its hash.
    TariffEditions,
    /// Who bills.
    Sellers,
    /// Issued bills.
    Bills,
    /// What issued bills were computed from.
    BillInputs,
    /// Bills on their way to be issued.
    Intents,
    /// Numbers and the bills that have them.
    Numbers,
    /// What a person must look at.
    Exceptions,
    /// Messages that could not be processed.
    Quarantine,
    /// Counters of the service itself.
    State,
}

impl Collection {
    /// Every collection.
    pub(crate) const ALL: &'static [Self] = &[
        Self::ServicePoints,
        Self::Meters,
        Self::Installations,
        Self::Accounts,
        Self::Agreements,
        Self::Calendars,
        Self::Tariffs,
        Self::TariffEditions,
        Self::Sellers,
        Self::Bills,
        Self::BillInputs,
        Self::Intents,
        Self::Numbers,
        Self::Exceptions,
        Self::Quarantine,
        Self::State,
    ];

    /// The name in every backend.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ServicePoints => "service_points",
            Self::Meters => "meters",
            Self::Installations => "installations",
            Self::Accounts => "accounts",
            Self::Agreements => "agreements",
            Self::Calendars => "calendars",
            Self::Tariffs => "tariffs",
            Self::TariffEditions => "tariff_editions",
            Self::Sellers => "sellers",
            Self::Bills => "bills",
            Self::BillInputs => "bill_inputs",
            Self::Intents => "intents",
            Self::Numbers => "numbers",
            Self::Exceptions => "exceptions",
            Self::Quarantine => "quarantine",
            Self::State => "state",
        }
    }
}

/// A document to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Where.
    pub(crate) collection: Collection,
    /// Under which id.
    pub(crate) id: String,
    /// The bytes, schema first.
    pub(crate) document: Vec<u8>,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// There was none with this id.
    New,
    /// There was one: an insert left it as it was, a put replaced it.
    Already,
}

/// The port. What is written can be read at once; it is durable when a later [`Self::sync`] returns, in the order of writing.
#[async_trait::async_trait]
pub(crate) trait DocumentStore: Send + Sync {
    /// Keeps each entry unless one with its id is there already; safe to repeat. Atomic per entry, also between callers.
    async fn insert(&self, entries: Vec<Entry>) -> Result<Vec<Inserted>, StoreError>;

    /// Keeps each entry, replacing one with its id; safe to repeat.
    async fn put(&self, entries: Vec<Entry>) -> Result<Vec<Inserted>, StoreError>;

    /// Forgets a document; safe to repeat.
    async fn remove(&self, collection: Collection, id: &str) -> Result<(), StoreError>;

    /// The document with this id.
    async fn get(&self, collection: Collection, id: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Ids that begin with `prefix` and come after `after`, in order of their bytes, with their documents; at most `limit`.
    async fn list(
        &self,
        collection: Collection,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError>;

    /// Returns when everything written before is durable.
    async fn sync(&self) -> Result<(), StoreError>;

    /// From now on this process leads (`docs/adr/0012`): whoever did before changes the register no more. To be called before anything is read. A store
    /// of one process has nothing to do for it.
    async fn lead(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Asks whether this process still leads: [`StoreError::NotLeading`] if not.
    async fn look(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether it did a moment ago.
    fn leads(&self) -> bool {
        true
    }

    /// Keeps entries of the register, no two with the same id, replacing those that are there: all or none, if this process leads. After another
    /// error it is not known whether they are kept, until [`Self::settle`].
    async fn change(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.put(entries).await.map(drop)
    }

    /// Finishes a change whose outcome is not known, if it was made.
    async fn settle(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The store as the service uses it: typed documents over any backend. A clone is the same store.
#[derive(Clone)]
pub(crate) struct Store(Arc<dyn DocumentStore>);

impl Store {
    pub(crate) fn new(backend: Arc<dyn DocumentStore>) -> Self {
        Self(backend)
    }

    /// Keeps `document` unless its id is taken.
    pub(crate) async fn insert<D: Document>(&self, document: &D) -> Result<Inserted, StoreError> {
        Ok(self
            .insert_all(std::slice::from_ref(document))
            .await?
            .first()
            .copied()
            .unwrap_or(Inserted::New))
    }

    /// Keeps every document whose id is not taken.
    pub(crate) async fn insert_all<D: Document>(&self, documents: &[D]) -> Result<Vec<Inserted>, StoreError> {
        self.0.insert(documents.iter().map(entry).collect()).await
    }

    /// Keeps `document`, replacing one with its id.
    pub(crate) async fn put<D: Document>(&self, document: &D) -> Result<Inserted, StoreError> {
        Ok(self
            .0
            .put(vec![entry(document)])
            .await?
            .first()
            .copied()
            .unwrap_or(Inserted::New))
    }

    /// The document with this id.
    pub(crate) async fn get<D: Document>(&self, id: &str) -> Result<Option<D>, StoreError> {
        self.0
            .get(D::COLLECTION, id)
            .await?
            .map(|bytes| decode(&bytes))
            .transpose()
    }

    /// As [`DocumentStore::list`].
    pub(crate) async fn list<D: Document>(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<D>, StoreError> {
        let found = self.0.list(D::COLLECTION, prefix, after, limit).await?;
        found.iter().map(|(_, bytes)| decode(bytes)).collect()
    }

    /// Every document whose id begins with `prefix`, handed to `each` in order of id.
    pub(crate) async fn for_each<D: Document>(
        &self,
        prefix: &str,
        mut each: impl FnMut(D),
    ) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.list::<D>(prefix, after.as_deref(), BATCH).await?;
            let full = page.len() == BATCH;
            after = page.last().map(Document::id);
            page.into_iter().for_each(&mut each);
            if !full {
                return Ok(());
            }
        }
    }

    /// Forgets a document.
    pub(crate) async fn remove<D: Document>(&self, id: &str) -> Result<(), StoreError> {
        self.0.remove(D::COLLECTION, id).await
    }

    /// Returns when everything written before is durable.
    pub(crate) async fn sync(&self) -> Result<(), StoreError> {
        self.0.sync().await
    }

    /// As [`DocumentStore::look`].
    pub(crate) async fn look(&self) -> Result<(), StoreError> {
        self.0.look().await
    }

    /// An error unless this process leads, as far as was known a moment ago.
    pub(crate) fn leading(&self) -> Result<(), StoreError> {
        if self.0.leads() {
            Ok(())
        } else {
            Err(StoreError::NotLeading)
        }
    }

    pub(crate) fn backend(&self) -> &dyn DocumentStore {
        self.0.as_ref()
    }
}

pub(crate) fn entry<D: Document>(document: &D) -> Entry {
    let mut bytes = Vec::with_capacity(document.encoded_len().saturating_add(1));
    bytes.push(SCHEMA);
    document.encode_raw(&mut bytes);
    Entry {
        collection: D::COLLECTION,
        id: document.id(),
        document: bytes,
    }
}

pub(crate) fn decode<D: Document>(bytes: &[u8]) -> Result<D, StoreError> {
    let damaged = |reason: String| StoreError::Damaged {
        what: D::COLLECTION.name(),
        reason,
    };
    let (schema, body) = bytes
        .split_first()
        .ok_or_else(|| damaged("it is empty".to_owned()))?;
    if *schema != SCHEMA {
        return Err(damaged(format!("schema {schema} is unknown")));
    }
    D::decode(body).map_err(|error| damaged(error.to_string()))
}

#[cfg(test)]
mod tests;
