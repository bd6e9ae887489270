//! The parts of billing put together: what the calls, the consumer of reads and the clock drive.

use std::sync::Arc;

use model::Clock;
use proto::billing::Bill;

use crate::bill::draft::Drafts;
use crate::bill::load::{Facts, Loader, bill_id, parse_bill_id, spans_of};
use crate::cycle::Span;
use crate::error::Error;
use crate::exception::Exceptions;
use crate::export::{self, Form};
use crate::issue::Issuer;
use crate::metrics::Metrics;
use crate::reads::Reads;
use crate::register::SharedRegister;
use crate::store::{BillInputs, Store};

/// See the module.
pub(crate) struct Office {
    pub(crate) store: Store,
    pub(crate) register: SharedRegister,
    pub(crate) reads: Arc<Reads>,
    pub(crate) loader: Arc<Loader>,
    pub(crate) drafts: Drafts,
    pub(crate) issuer: Issuer,
    pub(crate) exceptions: Arc<Exceptions>,
    pub(crate) cache: Arc<dyn crate::cache::Cache>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
}

impl Office {
    /// The issued bill with this id.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn issued(&self, bill_id: &str) -> Result<Option<Bill>, Error> {
        if let Some(bill) = self
            .drafts
            .issued(bill_id)
            .await
            .filter(|bill| bill.id == bill_id)
        {
            return Ok(Some(bill));
        }
        let bill = self.store.get::<Bill>(bill_id).await?;
        if let Some(bill) = &bill {
            self.drafts.keep_issued(bill).await;
        }
        Ok(bill)
    }

    /// The draft, or bill to date, of a span.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn draft(&self, facts: &Facts, span: &Span) -> Result<Bill, Error> {
        let timer = self.metrics.plan_seconds.start_timer();
        let loaded = self.loader.load(facts, span, self.clock.now_ms()).await?;
        let bill = self.drafts.plan(&loaded).await;
        timer.observe_duration();
        Ok(bill)
    }

    /// The facts and the span behind a bill's id.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(crate) async fn span(&self, id: &str) -> Result<(Facts, Span), Error> {
        let missing = || Error::NotFound {
            what: "bill",
            id: id.to_owned(),
        };
        let (agreement, _) = parse_bill_id(id).ok_or_else(missing)?;
        let facts = match self.loader.facts(agreement).await {
            Err(Error::NotFound { .. }) => return Err(missing()),
            facts => facts?,
        };
        let spans = spans_of(&facts, self.clock.now_ms().saturating_add(1));
        let span = spans.into_iter().find(|span| bill_id(&facts, span) == id);
        Ok((facts, span.ok_or_else(missing)?))
    }

    /// The bill with this id, issued or not.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(crate) async fn bill(&self, id: &str) -> Result<Bill, Error> {
        if let Some(bill) = self.issued(id).await? {
            return Ok(bill);
        }
        let (facts, span) = self.span(id).await?;
        self.draft(&facts, &span).await
    }

    /// Computes drafts of agreements with new reads again, a bounded number of them.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn refresh(&self, limit: usize) -> Result<(), Error> {
        let now_ms = self.clock.now_ms();
        for agreement in self.drafts.take(limit) {
            let facts = self.loader.facts(&agreement).await?;
            if let Some(span) = spans_of(&facts, now_ms).last() {
                self.draft(&facts, span).await?;
            }
        }
        Ok(())
    }

    /// Whether an issued bill, computed again from what was kept with it, states the same to the byte.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a bill that was not issued.
    pub(crate) async fn verify(&self, bill_id: &str) -> Result<bool, Error> {
        let missing = || Error::NotFound {
            what: "issued bill",
            id: bill_id.to_owned(),
        };
        let bill = self.store.get::<Bill>(bill_id).await?.ok_or_else(missing)?;
        let inputs = self.store.get::<BillInputs>(bill_id).await?.ok_or_else(missing)?;
        let again = self.loader.recompute(&bill, &inputs).await?;
        Ok(export::line(&again, Form::Statement) == export::line(&bill, Form::Statement))
    }
}
