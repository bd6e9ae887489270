//! Issuing: a draft becomes a numbered document, exactly once, also when the process dies between any two steps (`DESIGN` 2).
//!
//! The steps: the inputs of the bill; an intent with the frozen statement; a number, claimed for the bill; the bill; a second look at its reads, because one
//! may have come meanwhile; the event; the end of the intent. Each can be done again. An intent that is still open at start is
//! resumed, so no number is lost or used twice. The store keeps writes in order, so that one sync before the event is enough.

mod number;

use std::collections::HashMap;
use std::sync::Arc;

use message_bus::{Bus, Message, Topic};
use model::Clock;
use prost::Message as _;
use proto::billing::{Bill, Transition};
use service_kit::trace::{self, Span};
use sha2::{Digest, Sha256};

use crate::bill::ISSUED;
use crate::bill::load::Loader;
use crate::error::{Error, StoreError};
use crate::exception::{Cause, Exceptions, Kind};
use crate::follow::Followed;
use crate::metrics::Metrics;
use crate::store::{BillInputs, Inserted, Intent, Kept, Store};
use crate::time;

/// What the event of an issued bill claims to be; its body is the bill.
pub(crate) const EVENT: &str = "bill.issued";
/// Up to when periods are issued, in the state of the service: documents whose names begin with this, of which the largest counts.
/// They are only ever inserted, so that nobody who is late takes anything back.
const SETTLED: &str = "settled_before_ms";

/// A bill that is ready, and what it was computed from.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    pub(crate) bill: Bill,
    pub(crate) inputs: BillInputs,
}

/// Who issues, and why.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) actor: String,
    pub(crate) reason: &'static str,
}

/// See the module.
pub(crate) struct Issuer {
    pub(crate) store: Store,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) loader: Arc<Loader>,
    pub(crate) exceptions: Arc<Exceptions>,
    pub(crate) metrics: Metrics,
    /// The prefix of numbers where no seller is registered.
    pub(crate) default_series: String,
    /// Traces that lead to bills.
    pub(crate) followed: Arc<Followed>,
    /// One at a time: the number that is free next, by series.
    next: tokio::sync::Mutex<HashMap<String, u64>>,
    settled_ms: std::sync::atomic::AtomicI64,
}

/// A bill that is issued.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) bill: Bill,
    /// By this order; else it was before, or by another at the same time. A bill is new to one at most.
    pub(crate) is_new: bool,
}

/// What becomes of an order for one bill.
enum Begun {
    /// To be carried out.
    Going(Box<Going>),
    /// Another owner issued it.
    Done(Box<Bill>),
}

/// An intent, and what its bill was computed from.
struct Going {
    intent: Intent,
    inputs: BillInputs,
}

/// What an issuer works with.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) loader: Arc<Loader>,
    pub(crate) exceptions: Arc<Exceptions>,
    pub(crate) metrics: Metrics,
    pub(crate) default_series: String,
    pub(crate) followed: Arc<Followed>,
}

impl Issuer {
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn open(parts: Parts) -> Result<Self, Error> {
        let settled = settled(&parts.store).await?;
        Ok(Self {
            store: parts.store,
            bus: parts.bus,
            clock: parts.clock,
            loader: parts.loader,
            exceptions: parts.exceptions,
            metrics: parts.metrics,
            default_series: parts.default_series,
            followed: parts.followed,
            next: tokio::sync::Mutex::default(),
            settled_ms: std::sync::atomic::AtomicI64::new(settled),
        })
    }

    /// No issued bill has an interval at or after this.
    pub(crate) fn settled_before_ms(&self) -> i64 {
        self.settled_ms.load(std::sync::atomic::Ordering::Acquire)
    }

    /// Issues bills that are ready, in this order, and answers them as they were issued, also those that were issued before.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Bus`]: some may be issued; order the same again, or let [`Self::resume`] finish.
    pub(crate) async fn issue(&self, ready: Vec<Ready>, order: &Order) -> Result<Vec<Issued>, Error> {
        let span = Span::inside(trace::Kind::Internal, "bills issue");
        trace::around(span, Box::pin(self.issue_in_turn(ready, order))).await
    }

    async fn issue_in_turn(&self, ready: Vec<Ready>, order: &Order) -> Result<Vec<Issued>, Error> {
        let mut next = self.next.lock().await;
        self.store.look().await?; // what was planned was planned by whoever led
        let mut going = Vec::with_capacity(ready.len());
        let mut issued = Vec::new();
        let before = |bill| Issued { bill, is_new: false };
        for ready in ready {
            match self.store.get::<Bill>(&ready.bill.id).await? {
                Some(bill) => issued.push(before(bill)),
                None => match self.begin(ready, order, &mut next).await? {
                    Begun::Going(begun) => going.push(*begun),
                    Begun::Done(bill) => issued.push(before(*bill)),
                },
            }
        }
        // The intents were kept before anybody else began to lead, so whoever does finds them, or the bills.
        self.store.look().await?;
        issued.extend(self.carry_out(going, &mut next).await?);
        Ok(issued)
    }

    /// Finishes what was begun before the last stop, or by whoever led before.
    ///
    /// # Errors
    /// As [`Self::issue`]; call again.
    pub(crate) async fn resume(&self) -> Result<usize, Error> {
        let mut next = self.next.lock().await;
        let mut open = Vec::new();
        self.store
            .for_each("", |intent: Intent| open.push(intent))
            .await?;
        // What is no intent any more is a bill, and said so before.
        let settled = settled(&self.store).await?;
        self.settled_ms
            .fetch_max(settled, std::sync::atomic::Ordering::AcqRel);
        let mut going = Vec::with_capacity(open.len());
        for intent in open {
            going.push(self.going(intent).await?);
        }
        Ok(self.carry_out(going, &mut next).await?.len())
    }

    /// An intent that was kept before, with its inputs.
    async fn going(&self, intent: Intent) -> Result<Going, Error> {
        let bill = intent.bill.clone().unwrap_or_default();
        let inputs = self.store.get::<BillInputs>(&BillInputs::id_of(&bill)).await?;
        let missing = || StoreError::Damaged {
            what: "intent",
            reason: format!("the inputs of bill {} are missing", bill.id),
        };
        Ok(Going {
            intent,
            inputs: inputs.ok_or_else(missing)?,
        })
    }

    /// Keeps the intent. What is frozen already counts, not what was planned anew.
    async fn begin(
        &self,
        ready: Ready,
        order: &Order,
        next: &mut HashMap<String, u64>,
    ) -> Result<Begun, Error> {
        let now = self.clock.now();
        let at = time::utc(now.timestamp_millis());
        let mut bill = ready.bill;
        let inputs_hash = bill.inputs_hash.clone();
        ISSUED.clone_into(&mut bill.status);
        bill.issued_at.clone_from(&at);
        let transition = |to: &str| Transition {
            to: to.to_owned(),
            at: at.clone(),
            actor: order.actor.clone(),
            reason: order.reason.to_owned(),
        };
        bill.history.extend([transition("approved"), transition(ISSUED)]);
        let series = self.series(&bill.kind, &at).await?;
        let number_from = self.next_number(&series, next).await?;
        let intent = Intent {
            bill: Some(bill),
            series,
            number_from,
        };
        let inputs = BillInputs {
            inputs_hash,
            ..ready.inputs
        };
        self.store.insert(&inputs).await?;
        let bill_id = intent
            .bill
            .as_ref()
            .map(|bill| bill.id.clone())
            .unwrap_or_default();
        let fresh = self.store.insert(&intent).await? == Inserted::New;
        let kept = if fresh {
            Some(intent)
        } else {
            self.store.get(&Intent::id_of(&bill_id)).await?
        };
        // Another owner may have finished the bill since we looked.
        match (kept, self.store.get::<Bill>(&bill_id).await?) {
            (kept, Some(bill)) => {
                if kept.is_some() && fresh {
                    self.store.remove::<Intent>(&Intent::id_of(&bill_id)).await?;
                }
                Ok(Begun::Done(Box::new(bill)))
            }
            (Some(intent), None) if fresh => Ok(Begun::Going(Box::new(Going { intent, inputs }))),
            (Some(kept), None) => Ok(Begun::Going(Box::new(self.going(kept).await?))),
            (None, None) => Err(Error::Conflict {
                reason: "ISSUE_RACE",
                message: format!("bill {bill_id} is being issued elsewhere; ask again"),
            }),
        }
    }

    /// Takes intents to their end.
    async fn carry_out(
        &self,
        going: Vec<Going>,
        next: &mut HashMap<String, u64>,
    ) -> Result<Vec<Issued>, Error> {
        if going.is_empty() {
            return Ok(Vec::new());
        }
        let inputs = going.iter().map(|going| &going.inputs);
        let spans: Vec<Span> = inputs.flat_map(|inputs| self.followed.storing(inputs)).collect();
        let stored = self.number_and_store_all(going, next).await;
        if stored.is_err() {
            spans.iter().for_each(|span| span.fail("not stored"));
        }
        drop(spans); // the bills are stored; what follows is told others
        let bills = stored?;
        for (issued, inputs) in &bills {
            self.look_again(&issued.bill, inputs).await?;
        }
        let event = |bill: &Bill| Message {
            topic: Topic::Events,
            id: event_id(&bill.id),
            kind: EVENT,
            time_ms: self.clock.now_ms(),
            traced: Vec::new(),
            body: bill.encode_to_vec().into(),
        };
        self.bus
            .publish(bills.iter().map(|(issued, _)| event(&issued.bill)).collect())
            .await?;
        for (issued, _) in &bills {
            let intent = Intent::id_of(&issued.bill.id);
            self.store.remove::<Intent>(&intent).await?;
        }
        self.store.sync().await?;
        Ok(bills.into_iter().map(|(issued, _)| issued).collect())
    }

    /// As [`Self::number_and_store`], and durable.
    async fn number_and_store_all(
        &self,
        going: Vec<Going>,
        next: &mut HashMap<String, u64>,
    ) -> Result<Vec<(Issued, BillInputs)>, Error> {
        let mut bills = Vec::with_capacity(going.len());
        for going in going {
            bills.push(self.number_and_store(going, next).await?);
        }
        self.store.sync().await?;
        Ok(bills)
    }

    /// Gives a frozen bill its number and keeps it. Of several owners the one that kept it issued it.
    async fn number_and_store(
        &self,
        Going { intent, inputs }: Going,
        next: &mut HashMap<String, u64>,
    ) -> Result<(Issued, BillInputs), Error> {
        let mut bill = intent.bill.unwrap_or_default();
        if let Some(done) = self.store.get::<Bill>(&bill.id).await? {
            let issued = Issued {
                bill: done,
                is_new: false,
            };
            return Ok((issued, inputs));
        }
        let number = self.claim(&intent.series, intent.number_from, &bill.id).await?;
        let free = next.entry(intent.series.clone()).or_insert(1);
        *free = (*free).max(number.saturating_add(1));
        bill.number = format!("{}-{number:06}", intent.series);
        self.settle(inputs.end_ms).await?;
        let is_new = self.store.insert(&bill).await? == Inserted::New;
        if is_new {
            self.metrics.bills(ISSUED).inc();
        } else {
            bill = self.store.get(&bill.id).await?.unwrap_or(bill);
        }
        Ok((Issued { bill, is_new }, inputs))
    }

    /// Remembers up to where periods are issued, before a bill says so.
    async fn settle(&self, end_ms: i64) -> Result<(), Error> {
        if end_ms > self.settled_before_ms() {
            self.store
                .insert(&Kept {
                    name: format!("{SETTLED}|{end_ms}"),
                    value: end_ms,
                })
                .await?;
            self.settled_ms
                .fetch_max(end_ms, std::sync::atomic::Ordering::AcqRel);
        }
        Ok(())
    }

    /// Whether reads came between planning and storing: then whoever stored them may not have seen the bill.
    async fn look_again(&self, bill: &Bill, inputs: &BillInputs) -> Result<(), Error> {
        if !self.loader.is_current(&bill.tariff_edition, inputs).await? {
            self.exceptions.raise(&[late_read(&bill.id)]).await?;
        }
        Ok(())
    }
}

/// The latest end of any issued bill.
async fn settled(store: &Store) -> Result<i64, StoreError> {
    let mut latest = i64::MIN;
    store
        .for_each(SETTLED, |kept: Kept| latest = latest.max(kept.value))
        .await?;
    Ok(latest)
}

/// The exception of a read that came after its period was issued.
pub(crate) fn late_read(bill_id: &str) -> Cause {
    Cause {
        kind: Kind::LateRead,
        subject: bill_id.to_owned(),
        detail: "the reads of the period are no longer those that the issued bill was computed from: one came, changed or is in conflict"
            .to_owned(),
    }
}

/// The same for the same bill, whoever publishes.
fn event_id(bill_id: &str) -> u128 {
    let digest = Sha256::digest(format!("{EVENT}|{bill_id}"));
    digest
        .iter()
        .take(16)
        .fold(0, |id, byte| id << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests;
