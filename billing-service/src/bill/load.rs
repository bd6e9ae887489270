//! Fetches what a bill is planned from: the register's facts and the reads of the period.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono_tz::Tz;
use model::{Channel, MeterId, Series};
use proto::billing::{Account, Agreement, Bill, Calendar, Hold, Tariff};
use tariff_engine::{Period, Register, local};

use super::tariffs::Tariffs;
use super::{OPEN, Priced, Subject, channel, hold, plan, usage};
use crate::cycle::{Span, spans};
use crate::error::Error;
use crate::reads::overlap::LONGEST_MS;
use crate::reads::{IntervalRead, Reads};
use crate::register::{SharedRegister, stretches, terms};
use crate::store::{BillInputs, Store, Term};
use crate::time;

/// See the module.
pub(crate) struct Loader {
    register: SharedRegister,
    reads: Arc<Reads>,
    tariffs: Tariffs,
}

/// The facts about one agreement.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) agreement: Agreement,
    zone: Tz,
    currency: String,
    calendars: HashMap<String, Calendar>,
}

/// What a bill is planned from.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub(crate) subject: Subject,
    pub(crate) inputs: BillInputs,
    pub(crate) priced: Priced,
    /// What was found while loading.
    pub(crate) holds: Vec<Hold>,
    /// The cycle has not ended.
    pub(crate) open: bool,
}

impl Loaded {
    /// The draft, or the bill to date.
    pub(crate) fn plan(&self) -> Bill {
        self.finish(plan(&self.subject, &self.inputs, &self.priced, Vec::new()))
    }

    /// Adds to a planned bill what is not a function of the inputs alone.
    pub(crate) fn finish(&self, mut bill: Bill) -> Bill {
        bill.holds.splice(0..0, self.holds.iter().cloned());
        if self.open {
            OPEN.clone_into(&mut bill.status);
        }
        bill
    }
}

/// The terms of a bill with their reads, and where reads that began before each term end.
struct Observed {
    terms: Vec<Term>,
    covered_ms: Vec<i64>,
    /// Starts in conflict: how many and the first, by register.
    conflicts: Vec<(Register, u32, i64)>,
}

impl Loader {
    pub(crate) fn new(register: SharedRegister, reads: Arc<Reads>, store: Store) -> Self {
        Self {
            register,
            reads,
            tariffs: Tariffs::new(store),
        }
    }

    /// # Errors
    /// [`Error::NotFound`].
    pub(crate) async fn facts(&self, agreement_id: &str) -> Result<Facts, Error> {
        let agreement: Agreement = self.register.find(agreement_id).await?;
        let account: Account = self.register.find(&agreement.account_id).await?;
        let mut calendars = HashMap::new();
        for assignment in &agreement.assignments {
            if !calendars.contains_key(&assignment.calendar_id) {
                let calendar: Calendar = self.register.find(&assignment.calendar_id).await?;
                calendars.insert(assignment.calendar_id.clone(), calendar);
            }
        }
        let zone = self
            .register
            .index()
            .point(&agreement.service_point_id)
            .map_or(Tz::UTC, |point| point.zone);
        Ok(Facts {
            agreement,
            zone,
            currency: account.currency,
            calendars,
        })
    }

    /// Everything for the bill of a span, as of `now_ms`.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::NotFound`] for a tariff that vanished.
    pub(crate) async fn load(&self, facts: &Facts, span: &Span, now_ms: i64) -> Result<Loaded, Error> {
        let agreement = &facts.agreement;
        let assignment = agreement.assignments.get(span.assignment);
        let assignment = assignment.ok_or_else(|| Error::NotFound {
            what: "assignment of",
            id: agreement.id.clone(),
        })?;
        let tariff: Tariff = self.register.find(&assignment.tariff_id).await?;
        let open = span.period.end_ms > now_ms;
        let period = if open {
            to_date(&span.period, now_ms)
        } else {
            span.period
        };
        let priced = self.tariffs.priced(&tariff.edition, &period).await?;
        let terms = terms(
            &self.register.index(),
            &agreement.service_point_id,
            assignment,
            &period,
        );
        let observed = self.observe(terms).await?;
        let holds = incomplete(
            &observed,
            &priced.tariff.registers(),
            &period,
            open.then_some(now_ms),
        );
        Ok(Loaded {
            subject: Subject {
                bill_id: bill_id(facts, span),
                account_id: agreement.account_id.clone(),
                agreement_id: agreement.id.clone(),
                service_point_id: agreement.service_point_id.clone(),
                tariff_id: tariff.id,
                zone: facts.zone,
                currency: facts.currency.clone(),
            },
            inputs: BillInputs {
                bill_id: bill_id(facts, span),
                terms: observed.terms,
                values: assignment.values.clone(),
                billing_day: span.billing_day,
                start_ms: period.start_ms,
                end_ms: period.end_ms,
                inputs_hash: String::new(), // known when the tariff is, and kept when it is issued
            },
            priced,
            holds,
            open,
        })
    }

    /// What a bill's statement is when it is computed again from what was kept with it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Store`].
    pub(crate) async fn recompute(&self, bill: &Bill, inputs: &BillInputs) -> Result<Bill, Error> {
        let subject = Subject::of(bill);
        let period = Period {
            zone: subject.zone,
            start_ms: inputs.start_ms,
            end_ms: inputs.end_ms,
        };
        let priced = self.tariffs.priced(&bill.tariff_edition, &period).await?;
        Ok(plan(&subject, inputs, &priced, Vec::new()))
    }

    /// As [`Tariffs::priced`].
    pub(crate) async fn priced(&self, edition: &str, period: &Period) -> Result<Priced, Error> {
        self.tariffs.priced(edition, period).await
    }

    /// Whether the reads of an issued bill are still those that it was computed from: the same ones count, and none that it prices is
    /// in conflict (then it would not have been issued). What enters neither its hash nor its statement, such as reactive energy, does
    /// not matter; export that its tariff does not price is stated in its totals, so it does.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::NotFound`] for an edition that vanished.
    pub(crate) async fn is_current(&self, tariff_edition: &str, inputs: &BillInputs) -> Result<bool, Error> {
        let bare = inputs
            .terms
            .iter()
            .map(|term| Term {
                sent: Vec::new(),
                contests: Vec::new(),
                ..term.clone()
            })
            .collect();
        let mut observed = self.observe(bare).await?;
        // which conflicts matter is asked below
        for (now, then) in observed.terms.iter_mut().zip(&inputs.terms) {
            now.contests.clone_from(&then.contests);
        }
        if observed.terms != inputs.terms {
            return Ok(false);
        }
        let priced = self.tariffs.edition(tariff_edition).await?.registers();
        let in_conflict = |(register, ..): &(Register, u32, i64)| priced.contains(register);
        Ok(!observed.conflicts.iter().any(in_conflict))
    }

    async fn observe(&self, mut terms: Vec<Term>) -> Result<Observed, Error> {
        terms.retain(|term| channel(term) != Channel::Reactive);
        let mut observed = Observed {
            terms: Vec::new(),
            covered_ms: Vec::new(),
            conflicts: Vec::new(),
        };
        for mut term in terms {
            let Ok(meter) = term.meter_id.parse::<MeterId>() else {
                continue;
            };
            let found = self
                .reads
                .look(&meter, channel(&term), term.from_ms..term.to_ms)
                .await?;
            let mut conflicts = Conflicts::default();
            term.sent = usage::sent(found.in_effect().inspect(|read| conflicts.note(read)));
            let mut covered_ms = term.from_ms;
            if term
                .sent
                .first()
                .is_none_or(|first| first.start_ms > term.from_ms)
            {
                let before = term.from_ms.saturating_sub(LONGEST_MS)..term.from_ms;
                let before = self.reads.intervals(&meter, channel(&term), before).await?;
                covered_ms = before.last().map_or(covered_ms, |last| {
                    covered_ms.max(last.end_ms(term.default_seconds))
                });
            }
            if conflicts.count > 0 {
                let register = usage::register(&term);
                let of = register.map(|register| (register, conflicts.count, conflicts.first_ms));
                observed.conflicts.extend(of);
                let span = conflicts.first_ms..conflicts.last_ms.saturating_add(1);
                let series = Series::Interval(channel(&term));
                term.contests = usage::contests(&self.reads.versions(&meter, &series, span).await?);
            }
            observed.terms.push(term);
            observed.covered_ms.push(covered_ms);
        }
        Ok(observed)
    }
}

/// Which of some reads, that come in order of start, are in conflict.
#[derive(Default)]
struct Conflicts {
    count: u32,
    first_ms: i64,
    last_ms: i64,
}

impl Conflicts {
    fn note(&mut self, read: &IntervalRead) {
        if read.conflict {
            if self.count == 0 {
                self.first_ms = read.start_ms;
            }
            self.last_ms = read.start_ms;
            self.count = self.count.saturating_add(1);
        }
    }
}

/// The spans of an agreement that begin before `until_ms`.
pub(crate) fn spans_of(facts: &Facts, until_ms: i64) -> Vec<Span> {
    spans(
        facts.zone,
        &stretches(&facts.agreement, facts.zone, &facts.calendars),
        until_ms,
    )
}

/// Agreement, first day, revision.
pub(crate) fn bill_id(facts: &Facts, span: &Span) -> String {
    let from = span
        .period
        .from_date()
        .map(|date| date.to_string())
        .unwrap_or_default();
    format!("{}.{from}.0", facts.agreement.id)
}

/// The agreement and the first day that a bill's id names.
pub(crate) fn parse_bill_id(id: &str) -> Option<(&str, &str)> {
    let (rest, revision) = id.rsplit_once('.')?;
    let (agreement, from) = rest.rsplit_once('.')?;
    (revision == "0" && from.len() == 10).then_some((agreement, from))
}

/// The part of a period up to the end of the local day of `now_ms`.
fn to_date(period: &Period, now_ms: i64) -> Period {
    let today = local::date(period.zone, now_ms.max(period.start_ms));
    let end = today.and_then(|today| local::midnight(period.zone, today.succ_opt()?));
    Period {
        end_ms: end.unwrap_or(period.end_ms).min(period.end_ms),
        ..*period
    }
}

/// What keeps the needed registers from being complete. In an open cycle (`now_ms` given) only what lies before its last read counts.
fn incomplete(
    observed: &Observed,
    needed: &BTreeSet<Register>,
    period: &Period,
    now_ms: Option<i64>,
) -> Vec<Hold> {
    let mut holds = Vec::new();
    let upto_ms = now_ms.unwrap_or(period.end_ms);
    if needed.contains(&Register::Import)
        && let Some(at) = usage::unmetered(&observed.terms, period.start_ms, upto_ms)
    {
        holds.push(hold(
            "NO_METER",
            format!(
                "no meter measures import from {} on",
                time::in_zone(period.zone, at)
            ),
        ));
    }
    for (term, covered_ms) in observed.terms.iter().zip(&observed.covered_ms) {
        if usage::register(term).is_none_or(|register| !needed.contains(&register)) {
            continue;
        }
        let upto_ms = if now_ms.is_some() { i64::MIN } else { term.to_ms };
        let found = usage::completeness(term, *covered_ms, upto_ms);
        let name = format!("{} {}", term.meter_id, channel(term).word());
        if let Some(first) = found.first_missing_ms {
            let at = time::in_zone(period.zone, first);
            holds.push(hold(
                "MISSING_INTERVALS",
                format!("{name}: {} intervals missing, the first at {at}", found.missing),
            ));
        }
        if let Some(first) = found.first_overlap_ms {
            let at = time::in_zone(period.zone, first);
            holds.push(hold(
                "OVERLAP",
                format!(
                    "{name}: {} intervals overlap others, the first at {at}",
                    found.overlaps
                ),
            ));
        }
    }
    for (register, count, first) in &observed.conflicts {
        if needed.contains(register) {
            let at = time::in_zone(period.zone, *first);
            let detail = format!(
                "{}: {count} intervals have several values, the first at {at}",
                register.name()
            );
            holds.push(hold("CONFLICT", detail));
        }
    }
    holds
}
