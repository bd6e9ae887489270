//! What a person must look at: raised once per subject, closed when its cause is gone.

use std::sync::Arc;

use model::Clock;
use proto::billing::Exception;

use crate::error::StoreError;
use crate::metrics::Metrics;
use crate::store::{BATCH, Inserted, Store};
use crate::time;

/// Kinds of exceptions; the words are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    UnknownMeter,
    ReadingConflict,
    Overlap,
    LateRead,
    Quarantined,
}

impl Kind {
    pub(crate) const ALL: &'static [Self] = &[
        Self::UnknownMeter,
        Self::ReadingConflict,
        Self::Overlap,
        Self::LateRead,
        Self::Quarantined,
    ];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::UnknownMeter => "UNKNOWN_METER",
            Self::ReadingConflict => "READING_CONFLICT",
            Self::Overlap => "OVERLAP",
            Self::LateRead => "LATE_READ",
            Self::Quarantined => "QUARANTINED",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }
}

/// Something to be raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(crate) kind: Kind,
    pub(crate) subject: String,
    pub(crate) detail: String,
}

const OPEN: &str = "open";
const CLOSED: &str = "closed";

/// See the module.
pub(crate) struct Exceptions {
    store: Store,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
}

impl Exceptions {
    /// Counts what is open.
    pub(crate) async fn open(
        store: Store,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
    ) -> Result<Self, StoreError> {
        let count = |exception: Exception| {
            if let Some(kind) = Kind::from_word(&exception.kind).filter(|_| exception.status == OPEN) {
                metrics.exceptions_open(kind).inc();
            }
        };
        store.for_each("", count).await?;
        Ok(Self {
            store,
            clock,
            metrics,
        })
    }

    /// The id of an exception: a function of kind and subject.
    pub(crate) fn id_of(kind: Kind, subject: &str) -> String {
        format!("{}|{subject}", kind.word())
    }

    /// Raises every cause that is not open already.
    ///
    /// # Errors
    /// [`StoreError`]; raise the same again.
    pub(crate) async fn raise(&self, causes: &[Cause]) -> Result<(), StoreError> {
        let raised_at = time::utc(self.clock.now_ms());
        let exception = |cause: &Cause| Exception {
            id: Self::id_of(cause.kind, &cause.subject),
            kind: cause.kind.word().to_owned(),
            subject: cause.subject.clone(),
            detail: cause.detail.clone(),
            raised_at: raised_at.clone(),
            status: OPEN.to_owned(),
        };
        for batch in causes.chunks(BATCH) {
            let exceptions: Vec<Exception> = batch.iter().map(exception).collect();
            let outcomes = self.store.insert_all(&exceptions).await?;
            for ((cause, exception), outcome) in batch.iter().zip(&exceptions).zip(outcomes) {
                match outcome {
                    Inserted::New => self.metrics.exceptions_open(cause.kind).inc(),
                    Inserted::Already => self.reopen(cause.kind, exception).await?,
                }
            }
        }
        Ok(())
    }

    /// A cause that came back after it was closed, or that is another now.
    async fn reopen(&self, kind: Kind, exception: &Exception) -> Result<(), StoreError> {
        let known: Option<Exception> = self.store.get(&exception.id).await?;
        match known {
            Some(known) if known.status == CLOSED => {
                self.store.put(exception).await?;
                self.metrics.exceptions_open(kind).inc();
            }
            Some(known) if known.detail != exception.detail => {
                let raised_at = known.raised_at;
                let again = Exception {
                    raised_at,
                    ..exception.clone()
                };
                self.store.put(&again).await?;
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    /// Whether nobody closed it.
    pub(crate) fn is_open(exception: &Exception) -> bool {
        exception.status == OPEN
    }

    /// Closes an exception if it is open; safe to repeat.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn close(&self, kind: Kind, subject: &str) -> Result<(), StoreError> {
        let known: Option<Exception> = self.store.get(&Self::id_of(kind, subject)).await?;
        if let Some(exception) = known.filter(|known| known.status == OPEN) {
            self.store
                .put(&Exception {
                    status: CLOSED.to_owned(),
                    ..exception
                })
                .await?;
            self.metrics.exceptions_open(kind).dec();
        }
        Ok(())
    }

    /// Open and closed exceptions in order of id; of one kind, or all.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn list(
        &self,
        kind: Option<Kind>,
        subject_prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Exception>, StoreError> {
        let prefix = kind
            .map(|kind| Self::id_of(kind, subject_prefix))
            .unwrap_or_default();
        self.store.list(&prefix, after, limit).await
    }
}
