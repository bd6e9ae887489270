//! The register (`BILLING` 1): who and what is where, since when. Every write is judged against what is there; nothing is guessed.

mod check;
mod index;
mod terms;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use proto::billing::{RegisterObject, register_object::Object};

use index::Index;
pub(crate) use index::{Id, MeterFacts, NO_GROUP};
pub(crate) use terms::{stretches, terms};

use crate::error::{Error, StoreError};
use crate::store::{Inserted, Kept, RegisterDocument, Store, TariffEdition, entry};

/// How often the register changed; a document of its own.
const VERSION: &str = "register_version";

/// The register: documents in the store, and an index of them in memory.
pub(crate) struct Register {
    store: Store,
    index: RwLock<Index>,
    /// One write at a time: what was judged is still so when it is written.
    writer: tokio::sync::Mutex<()>,
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) created: bool,
    /// The same object was there: nothing changed.
    pub(crate) unchanged: bool,
    pub(crate) version: u64,
}

impl Register {
    /// Reads the register of a store.
    pub(crate) async fn open(store: Store) -> Result<Self, StoreError> {
        let mut index = Index::default();
        store
            .for_each("", |point| index.put_service_point(&point))
            .await?;
        store.for_each("", |meter| index.put_meter(&meter)).await?;
        store
            .for_each("", |installation| index.put_installation(None, &installation))
            .await?;
        store
            .for_each("", |agreement| index.put_agreement(None, &agreement))
            .await?;
        let version = store.get::<Kept>(VERSION).await?.map_or(0, |kept| kept.value);
        index.version = u64::try_from(version).unwrap_or_default();
        Ok(Self {
            store,
            index: RwLock::new(index),
            writer: tokio::sync::Mutex::default(),
        })
    }

    /// The index as it is now; not to be held across an await.
    pub(crate) fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Index)) {
        change(&mut self.index.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Inserts or replaces one object; durable when it returns.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NotFound`] for what it names, [`Error::Conflict`] with what is there.
    pub(crate) async fn put(&self, object: RegisterObject) -> Result<Written, Error> {
        let object = object.object.ok_or(Error::Invalid {
            reason: "NO_OBJECT",
            message: "the object is empty".to_owned(),
        })?;
        let _writing = self.writer.lock().await;
        match object {
            Object::ServicePoint(mut point) => {
                let old = check::service_point(self, &mut point).await?;
                self.write(old.as_ref(), &point, |index| index.put_service_point(&point))
                    .await
            }
            Object::Meter(mut meter) => {
                let old = check::meter(self, &mut meter).await?;
                self.write(old.as_ref(), &meter, |index| index.put_meter(&meter))
                    .await
            }
            Object::Installation(mut installation) => {
                let old = check::installation(self, &mut installation).await?;
                self.write(old.as_ref(), &installation, |index| {
                    index.put_installation(old.as_ref(), &installation)
                })
                .await
            }
            Object::Account(mut account) => {
                let old = check::account(self, &mut account).await?;
                self.write(old.as_ref(), &account, |_| ()).await
            }
            Object::Agreement(mut agreement) => {
                let old = check::agreement(self, &mut agreement).await?;
                self.write(old.as_ref(), &agreement, |index| {
                    index.put_agreement(old.as_ref(), &agreement)
                })
                .await
            }
            Object::Calendar(mut calendar) => {
                let old = check::calendar(self, &mut calendar).await?;
                self.write(old.as_ref(), &calendar, |_| ()).await
            }
            Object::Tariff(mut tariff) => {
                let (old, parsed) = check::tariff(self, &mut tariff).await?;
                let edition = TariffEdition {
                    edition: parsed.edition().to_owned(),
                    body: parsed.canonical().to_owned(),
                };
                self.store.insert(&edition).await?;
                self.write(old.as_ref(), &tariff, |_| ()).await
            }
            Object::Seller(mut seller) => {
                let old = check::seller(self, &mut seller).await?;
                self.write(old.as_ref(), &seller, |_| ()).await
            }
        }
    }

    async fn write<D: RegisterDocument>(
        &self,
        old: Option<&D>,
        new: &D,
        change: impl FnOnce(&mut Index),
    ) -> Result<Written, Error> {
        let version = self.index().version;
        if old == Some(new) {
            return Ok(Written {
                created: false,
                unchanged: true,
                version,
            });
        }
        let version = version.saturating_add(1);
        let kept = Kept {
            name: VERSION.to_owned(),
            value: i64::try_from(version).unwrap_or(i64::MAX),
        };
        let outcomes = self.store.backend().put(vec![entry(new), entry(&kept)]).await?;
        self.store.sync().await?;
        self.change(|index| {
            change(index);
            index.version = version;
        });
        Ok(Written {
            created: outcomes.first() == Some(&Inserted::New),
            unchanged: false,
            version,
        })
    }

    /// The object of this kind with this id.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(crate) async fn find<D: RegisterDocument>(&self, id: &str) -> Result<D, Error> {
        self.store.get(id).await?.ok_or_else(|| Error::NotFound {
            what: D::KIND,
            id: id.to_owned(),
        })
    }

    /// The object of this kind with this id, if there is one.
    pub(crate) async fn lookup<D: RegisterDocument>(&self, id: &str) -> Result<Option<D>, StoreError> {
        self.store.get(id).await
    }

    /// Objects of one kind in order of id.
    pub(crate) async fn list<D: RegisterDocument>(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<D>, StoreError> {
        self.store.list("", after, limit).await
    }
}

/// A register that everybody shares.
pub(crate) type SharedRegister = Arc<Register>;

#[cfg(test)]
pub(crate) mod tests;
