//! Traces through billing: from a message taken in over its checkpoint to its acknowledgement, and from there to the bills.
//!
//! Which of the readings taken in last were traced is remembered by meter, in memory and bounded: a bill that is issued while they are
//! remembered gets a span in their traces, so that a trace leads from the call of a device to the stored bill. After a restart, or when
//! many others came since, it does not.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use message_bus::{Position, Traced};
use proto::meter::ReadingColumns;
use service_kit::bus::Taking;
use service_kit::trace::{self, Context, Kind, Span};

use crate::store::BillInputs;

/// Meters whose latest trace is remembered.
const MAX_METERS: usize = 4_096;
/// Traces that one bill is shown in: a bill has few meters, but nothing says how many.
const MAX_OF_BILL: usize = 4;
/// Messages of one shard that are followed to their checkpoint at a time.
const MAX_WAITING: usize = 256;

/// The latest trace of meters. Shared by what consumes and what issues.
#[derive(Debug, Default)]
pub(crate) struct Followed(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    of_meter: BTreeMap<Box<str>, Context>,
    /// The meters, the one remembered longest first.
    order: VecDeque<Box<str>>,
}

impl Followed {
    /// `columns` were taken in: which meters the traced parts are about.
    pub(crate) fn taken(&self, columns: &ReadingColumns, taking: &Taking) {
        taking
            .parts()
            .for_each(|(part, context)| self.remember(columns, part, &context));
    }

    fn remember(&self, columns: &ReadingColumns, part: &Traced, context: &Context) {
        let first = usize::try_from(part.first).unwrap_or(usize::MAX);
        let rows = usize::try_from(part.rows).unwrap_or(usize::MAX);
        let mut meters: Vec<u32> = columns.meter.iter().skip(first).take(rows).copied().collect();
        meters.sort_unstable();
        meters.dedup();
        let mut memory = self.lock();
        for (index, id) in (0_u32..).zip(columns.meter_ids()) {
            if meters.binary_search(&index).is_ok() {
                memory.remember(id, context);
            }
        }
    }

    /// Another billing-service took readings of the meter in, in this trace.
    pub(crate) fn came_by(&self, meter: &str, context: &Context) {
        self.lock().remember(meter, context);
    }

    /// The trace that the latest traced readings of the meter came in by.
    pub(crate) fn of(&self, meter: &str) -> Option<Context> {
        self.lock().of_meter.get(meter).cloned()
    }

    /// Spans of a bill that is being stored, one in each trace that its readings came in by.
    pub(crate) fn storing(&self, inputs: &BillInputs) -> Vec<Span> {
        let mut contexts: Vec<Context> = Vec::new();
        {
            let memory = self.lock();
            let known = inputs
                .terms
                .iter()
                .filter_map(|term| memory.of_meter.get(&*term.meter_id));
            for context in known {
                if contexts.len() < MAX_OF_BILL && !contexts.contains(context) {
                    contexts.push(context.clone());
                }
            }
        }
        let run = trace::current();
        let span = |context: &Context| {
            trace::link_current(context);
            let span = Span::begin(Kind::Internal, "bill store", Some(context));
            run.iter().for_each(|run| span.link(run));
            span
        };
        contexts.iter().map(span).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn remember(&mut self, meter: &str, context: &Context) {
        if let Some(known) = self.of_meter.get_mut(meter) {
            *known = context.clone();
            return;
        }
        if self.order.len() >= MAX_METERS
            && let Some(oldest) = self.order.pop_front()
        {
            self.of_meter.remove(&oldest);
        }
        self.order.push_back(meter.into());
        self.of_meter.insert(meter.into(), context.clone());
    }
}

/// The traced messages of one shard that wait for their checkpoint.
#[derive(Debug, Default)]
pub(crate) struct Waiting(VecDeque<Stored>);

/// Ends when the readings are stored.
#[derive(Debug)]
struct Stored {
    position: Position,
    /// Where they were taken in.
    parent: Context,
    _span: Span,
}

impl Waiting {
    /// The message at `position` was taken in and waits to be stored.
    pub(crate) fn wait(&mut self, position: Position, taking: &Taking) {
        for (_, parent) in taking.parts() {
            if self.0.len() < MAX_WAITING {
                self.0.push_back(Stored {
                    position,
                    _span: Span::begin(Kind::Internal, "readings store", Some(&parent)),
                    parent,
                });
            }
        }
    }

    /// Everything up to `position` is stored; gives the spans of its acknowledgement.
    pub(crate) fn stored(&mut self, position: Position) -> Vec<Span> {
        let mut acknowledging = Vec::new();
        self.0.retain(|stored| {
            let waits = stored.position > position;
            if !waits {
                acknowledging.push(Span::begin(
                    Kind::Internal,
                    "readings acknowledge",
                    Some(&stored.parent),
                ));
            }
            waits
        });
        acknowledging
    }
}

#[cfg(test)]
mod tests;
