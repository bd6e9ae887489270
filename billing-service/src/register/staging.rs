//! What one call writes to the register, while it is judged: later objects see earlier ones, and nobody else sees any of them before
//! all are durable. A call that only asks drops it.

use std::collections::HashMap;

use chrono_tz::Tz;
use proto::billing::{Agreement, Installation, Meter, Seller, ServicePoint, Tariff, register_object::Object};

use super::index::Index;
use super::{Outcome, Register, check};
use crate::error::{Error, StoreError};
use crate::store::{Collection, Entry, Kept, RegisterDocument, TariffEdition, decode, entry};

/// How often the register changed; a document of its own.
pub(super) const VERSION: &str = "register_version";

/// See the module. Made while the register's writer is held.
pub(super) struct Staging<'a> {
    register: &'a Register,
    /// The part of the index that the objects of this call name, with their changes.
    index: Index,
    /// No two with the same id.
    entries: Vec<Entry>,
    positions: HashMap<(Collection, String), usize>,
    changes: Vec<Change>,
    /// Objects that are not what they were.
    changed: u64,
    /// Zone and currency of tariffs that were looked at: reading a tariff is the dearest part of judging an agreement.
    tariffs: HashMap<String, (Tz, String)>,
}

/// A change of the index.
enum Change {
    ServicePoint(ServicePoint),
    Meter(Meter),
    Installation(Option<Installation>, Installation),
    Agreement(Option<Agreement>, Agreement),
}

impl Change {
    fn apply(&self, index: &mut Index) {
        match self {
            Self::ServicePoint(point) => index.put_service_point(point),
            Self::Meter(meter) => index.put_meter(meter),
            Self::Installation(old, new) => index.put_installation(old.as_ref(), new),
            Self::Agreement(old, new) => index.put_agreement(old.as_ref(), new),
        }
    }
}

/// What the store has, and the index has once this is dropped: also when the caller leaves while the disk is waited for.
struct Stored<'a> {
    register: &'a Register,
    changes: Vec<Change>,
    version: u64,
}

impl Drop for Stored<'_> {
    fn drop(&mut self) {
        self.register.change(|index| {
            for change in &self.changes {
                change.apply(index);
            }
            index.version = self.version;
        });
    }
}

impl<'a> Staging<'a> {
    pub(super) fn new(register: &'a Register) -> Self {
        Self {
            register,
            index: Index::default(),
            entries: Vec::new(),
            positions: HashMap::new(),
            changes: Vec::new(),
            changed: 0,
            tariffs: HashMap::new(),
        }
    }

    /// Judges one object and takes it.
    ///
    /// # Errors
    /// [`Error::Store`], or why the object is refused; then it changed nothing.
    pub(super) async fn put(&mut self, object: Object) -> Result<Outcome, Error> {
        match object {
            Object::ServicePoint(mut point) => {
                self.know_point(&point.id);
                let old = check::service_point(self, &mut point).await?;
                Ok(self.take(old, point, |_, point| Some(Change::ServicePoint(point))))
            }
            Object::Meter(mut meter) => {
                self.know_meter(&meter.id);
                let old = check::meter(self, &mut meter).await?;
                Ok(self.take(old, meter, |_, meter| Some(Change::Meter(meter))))
            }
            Object::Installation(mut installation) => {
                self.know_meter(&installation.meter_id);
                self.know_point(&installation.service_point_id);
                let old = check::installation(self, &mut installation).await?;
                if let Some(old) = &old {
                    self.know_meter(&old.meter_id);
                }
                Ok(self.take(old, installation, |old, new| Some(Change::Installation(old, new))))
            }
            Object::Account(mut account) => {
                let old = check::account(self, &mut account).await?;
                Ok(self.take(old, account, |_, _| None))
            }
            Object::Agreement(mut agreement) => {
                self.know_point(&agreement.service_point_id);
                let old = check::agreement(self, &mut agreement).await?;
                if let Some(old) = &old {
                    self.know_point(&old.service_point_id);
                }
                Ok(self.take(old, agreement, |old, new| Some(Change::Agreement(old, new))))
            }
            Object::Calendar(mut calendar) => {
                let old = check::calendar(self, &mut calendar).await?;
                Ok(self.take(old, calendar, |_, _| None))
            }
            Object::Tariff(mut tariff) => {
                let (old, parsed) = check::tariff(self, &mut tariff).await?;
                self.tariffs
                    .insert(tariff.id.clone(), (parsed.zone(), parsed.currency().to_owned()));
                self.enter(entry(&TariffEdition {
                    edition: parsed.edition().to_owned(),
                    body: parsed.canonical().to_owned(),
                }));
                Ok(self.take(old, tariff, |_, _| None))
            }
            Object::Seller(mut seller) => {
                let old = check::seller(self, &mut seller).await?;
                Ok(self.take(old, seller, |_, _| None))
            }
        }
    }

    fn take<D: RegisterDocument>(
        &mut self,
        old: Option<D>,
        new: D,
        change: impl FnOnce(Option<D>, D) -> Option<Change>,
    ) -> Outcome {
        if old.as_ref() == Some(&new) {
            return Outcome::Unchanged;
        }
        let outcome = if old.is_some() {
            Outcome::Replaced
        } else {
            Outcome::Created
        };
        self.enter(entry(&new));
        self.changed = self.changed.saturating_add(1);
        if let Some(change) = change(old, new) {
            change.apply(&mut self.index);
            self.changes.push(change);
        }
        outcome
    }

    fn enter(&mut self, entry: Entry) {
        let next = self.entries.len();
        let position = *self
            .positions
            .entry((entry.collection, entry.id.clone()))
            .or_insert(next);
        match self.entries.get_mut(position) {
            Some(known) => *known = entry,
            None => self.entries.push(entry),
        }
    }

    /// Writes everything, and returns when it is durable: the register's new version.
    ///
    /// # Errors
    /// [`StoreError`]; what was written is not known then.
    pub(super) async fn commit(mut self) -> Result<u64, StoreError> {
        let store = &self.register.store;
        let mut version = self.register.index().version;
        let mut stored = None;
        if !self.entries.is_empty() {
            version = version.saturating_add(self.changed);
            self.entries.push(entry(&Kept {
                name: VERSION.to_owned(),
                value: i64::try_from(version).unwrap_or(i64::MAX),
            }));
            self.register.change_store(self.entries).await?;
            stored = Some(Stored {
                register: self.register,
                changes: self.changes,
                version,
            });
        }
        // Also where nothing changed: what is there already may be of a call that did not see its end.
        store.sync().await?;
        drop(stored);
        Ok(version)
    }

    /// What the checks ask.
    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    fn know_meter(&mut self, id: &str) {
        self.index.copy_meter(&self.register.index(), id);
    }

    fn know_point(&mut self, id: &str) {
        self.index.copy_point(&self.register.index(), id);
    }

    /// Whether there is such a meter.
    pub(super) fn has_meter(&self, id: &str) -> bool {
        self.index.meter(id).is_some() || self.register.index().meter(id).is_some()
    }

    /// As [`Register::lookup`].
    pub(super) async fn lookup<D: RegisterDocument>(&self, id: &str) -> Result<Option<D>, StoreError> {
        let key = (D::COLLECTION, id.to_owned());
        match self
            .positions
            .get(&key)
            .and_then(|position| self.entries.get(*position))
        {
            Some(entry) => decode(&entry.document).map(Some),
            None => self.register.lookup(id).await,
        }
    }

    /// As [`Register::find`].
    pub(super) async fn find<D: RegisterDocument>(&self, id: &str) -> Result<D, Error> {
        self.lookup(id).await?.ok_or_else(|| Error::NotFound {
            what: D::KIND,
            id: id.to_owned(),
        })
    }

    /// Zone and currency of a tariff.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`] for one that this version cannot read.
    pub(super) async fn zone_and_currency(&mut self, tariff: &str) -> Result<(Tz, String), Error> {
        if let Some(known) = self.tariffs.get(tariff) {
            return Ok(known.clone());
        }
        let found: Tariff = self.find(tariff).await?;
        let parsed = tariff_engine::Tariff::parse(&found.body).map_err(|problems| Error::Invalid {
            reason: "TARIFF_INVALID",
            message: problems.to_string(),
        })?;
        let known = (parsed.zone(), parsed.currency().to_owned());
        self.tariffs.insert(tariff.to_owned(), known.clone());
        Ok(known)
    }

    /// Sellers, at most `limit` of those that were there before.
    pub(super) async fn sellers(&self, limit: usize) -> Result<Vec<Seller>, StoreError> {
        let mut sellers: Vec<Seller> = self.register.list(None, limit).await?;
        for entry in self
            .entries
            .iter()
            .filter(|entry| entry.collection == Collection::Sellers)
        {
            sellers.push(decode(&entry.document)?);
        }
        Ok(sellers)
    }
}
