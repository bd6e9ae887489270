//! The parts of billing put together: what the calls, the consumer of reads and the clock drive.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use model::{Channel, Clock, MeterId};
use proto::billing::{Bill, Hold};
use tariff_engine::Period;

use crate::bill::draft::Drafts;
use crate::bill::hold;
use crate::bill::load::{Facts, Loaded, Loader, bill_id, parse_bill_id, spans_of};
use crate::block::crowd::USUAL_SECONDS;
use crate::consequence::Overlaps;
use crate::cycle::Span;
use crate::error::Error;
use crate::exception::Exceptions;
use crate::export::{self, Form};
use crate::issue::Issuer;
use crate::metrics::Metrics;
use crate::reads::{IntervalRead, Reads, overlap};
use crate::register::SharedRegister;
use crate::store::{BillInputs, Store};
use crate::time;

/// See the module.
pub(crate) struct Office {
    pub(crate) store: Store,
    pub(crate) register: SharedRegister,
    pub(crate) reads: Arc<Reads>,
    pub(crate) loader: Arc<Loader>,
    pub(crate) drafts: Drafts,
    pub(crate) issuer: Issuer,
    pub(crate) exceptions: Arc<Exceptions>,
    pub(crate) overlaps: Overlaps,
    pub(crate) cache: Arc<dyn crate::cache::Cache>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
}

/// What is issued for one agreement, by bill.
#[derive(Debug, Default)]
pub(crate) struct IssuedPeriods(BTreeMap<String, Issued>);

/// The period of an issued bill, and what it was computed from.
#[derive(Debug)]
pub(crate) struct Issued {
    start_ms: i64,
    end_ms: i64,
    /// Under which id its inputs are kept.
    pub(crate) inputs_id: String,
    pub(crate) tariff_edition: String,
}

impl IssuedPeriods {
    /// Whether this bill is issued.
    pub(crate) fn has(&self, bill_id: &str) -> bool {
        self.0.contains_key(bill_id)
    }

    /// The ids, in order of their first day.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The bills whose period has something of a range of time.
    pub(crate) fn touching(self, range_ms: &Range<i64>) -> impl Iterator<Item = Issued> {
        let inside = |bill: &Issued| bill.start_ms < range_ms.end && range_ms.start < bill.end_ms;
        self.0.into_values().filter(inside)
    }

    /// A hold if some of the period is in another issued bill: calendar or agreement were changed after it. It is gone when the change is
    /// undone, because it is looked for whenever the bill is loaded.
    pub(crate) fn overlap(&self, bill_id: &str, period: &Period) -> Option<Hold> {
        let mut others = self.0.iter().filter(|(id, _)| *id != bill_id);
        let (id, other) = others.find(|(_, bill)| period.part(bill.start_ms, bill.end_ms).is_some())?;
        let (from, to) = (
            time::in_zone(period.zone, other.start_ms),
            time::in_zone(period.zone, other.end_ms),
        );
        Some(hold(
            "ISSUED_OVERLAP",
            format!("some of this period is in the issued bill {id}, which is from {from} to {to}"),
        ))
    }
}

impl Office {
    /// The length, in seconds, of intervals that a meter sends without one.
    pub(crate) fn configured_seconds(&self, meter: &str) -> u32 {
        let index = self.register.index();
        index
            .meter(meter)
            .map_or(USUAL_SECONDS, |meter| meter.interval_seconds)
    }

    /// The reads in effect of an interval channel, in order of start; those that overlap others are in conflict too.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn intervals(
        &self,
        meter: &MeterId,
        channel: Channel,
        range_ms: Range<i64>,
    ) -> Result<Vec<IntervalRead>, Error> {
        let around = range_ms.start.saturating_sub(overlap::LONGEST_MS)
            ..range_ms.end.saturating_add(overlap::LONGEST_MS);
        let mut reads = self.reads.intervals(meter, channel, around).await?;
        overlap::mark(&mut reads, self.configured_seconds(meter.as_str()));
        reads.retain(|read| range_ms.contains(&read.start_ms));
        Ok(reads)
    }

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

    /// What the bill of a span is planned from, as of now.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn load(&self, facts: &Facts, span: &Span) -> Result<Loaded, Error> {
        let mut loaded = self.loader.load(facts, span, self.clock.now_ms()).await?;
        let issued = self.issued_around(facts).await?;
        loaded
            .holds
            .extend(issued.overlap(&loaded.subject.bill_id, &span.period));
        Ok(loaded)
    }

    /// The periods that are issued of an agreement and of the others at its service point: who moved in after a date that was changed
    /// later must not be billed for what the one before was.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn issued_around(&self, facts: &Facts) -> Result<IssuedPeriods, Error> {
        let agreement = &facts.agreement;
        let others: Vec<String> = {
            let index = self.register.index();
            let at_point = index.agreements_at(&agreement.service_point_id).map(|(id, _)| id);
            at_point
                .filter(|id| *id != agreement.id)
                .map(str::to_owned)
                .collect()
        };
        let mut issued = self.issued_of(&agreement.id).await?;
        for other in others {
            issued.0.extend(self.issued_of(&other).await?.0);
        }
        Ok(issued)
    }

    /// The periods of an agreement that are issued.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn issued_of(&self, agreement: &str) -> Result<IssuedPeriods, Error> {
        let mut issued = IssuedPeriods::default();
        let period = |bill: Bill| {
            if bill.agreement_id == agreement {
                let period = Issued {
                    start_ms: time::start(&bill.start_utc),
                    end_ms: time::end(&bill.end_utc),
                    inputs_id: BillInputs::id_of(&bill),
                    tariff_edition: bill.tariff_edition,
                };
                issued.0.insert(bill.id, period);
            }
        };
        self.store.for_each(&format!("{agreement}."), period).await?;
        Ok(issued)
    }

    /// The draft, or bill to date, of a span.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn draft(&self, facts: &Facts, span: &Span) -> Result<Bill, Error> {
        let timer = self.metrics.plan_seconds.start_timer();
        let loaded = self.load(facts, span).await?;
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
                let loaded = self.load(&facts, span).await?;
                self.drafts.plan(&loaded).await;
                self.raise_overlaps(&loaded).await?;
            }
        }
        Ok(())
    }

    /// Sees to it that there is an exception for every day of a bill on which intervals overlap.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn raise_overlaps(&self, loaded: &Loaded) -> Result<(), Error> {
        if loaded.holds.iter().any(|hold| hold.reason == "OVERLAP") {
            self.overlaps.check_terms(self, &loaded.inputs.terms).await?;
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
        let inputs = self
            .store
            .get::<BillInputs>(&BillInputs::id_of(&bill))
            .await?
            .ok_or_else(missing)?;
        let again = self.loader.recompute(&bill, &inputs).await?;
        Ok(export::line(&again, Form::Statement) == export::line(&bill, Form::Statement))
    }
}
