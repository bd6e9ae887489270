//! The rows that wait for the bus: per shard one message that grows until it is taken. No I/O.

use message_bus::MAX_TRACED;
use model::{Reason, meter_hash};
use proto::columns::{Dictionary, KIND_REGISTER, Row};
use proto::meter::ReadingColumns;
use service_kit::trace::Context;

use crate::assess::{Assessment, mark};
use crate::memory::Mark;

/// A message that has grown to this is not added to: half of what the bus takes, so that one more batch always fits.
pub(crate) const FULL_BYTES: usize = 2 << 20;
/// A row takes at most this, encoded or in memory, without its names and telemetry.
const ROW_BYTES: usize = 80;
/// A measurement takes at most this.
const MEASURED_BYTES: usize = 20;

/// How much of the queue `columns` take: an upper bound on their bytes, in memory and encoded.
pub(crate) fn cost(columns: &ReadingColumns) -> usize {
    let rows = columns.rows().saturating_mul(ROW_BYTES);
    let measured = columns.telemetry_row.len().saturating_mul(MEASURED_BYTES);
    rows.saturating_add(measured)
        .saturating_add(columns.meters.len())
        .saturating_add(columns.registers.len())
}

/// The rows of one call that is traced: from `first`, `rows` of them.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) context: Context,
    pub(crate) first: u32,
    pub(crate) rows: u32,
}

/// A message that grows.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) shard: u16,
    pub(crate) columns: ReadingColumns,
    /// Per row.
    pub(crate) identity: Vec<u64>,
    /// Per row.
    pub(crate) marks: Vec<Mark>,
    /// Rows of calls that are traced, usually none.
    pub(crate) followed: Vec<Followed>,
    meters: Dictionary,
    registers: Dictionary,
    cost: usize,
}

impl Draft {
    /// Empties it for another use, keeping its room.
    fn reset(&mut self, shard: u16) {
        use prost::Message as _;
        self.shard = shard;
        self.columns.clear();
        self.identity.clear();
        self.marks.clear();
        self.followed.clear();
        self.meters.clear();
        self.registers.clear();
        self.cost = 0;
    }
}

/// Where the rows of one batch went: per shard the message and the row in it where they begin.
pub(crate) type Places = Vec<Option<(usize, u32)>>;

/// The messages of the next publish.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) drafts: Vec<Draft>,
    /// Per shard the draft that still grows.
    growing: Vec<Option<usize>>,
    pub(crate) rows: usize,
    /// Sum of [`cost`] of the batches in it.
    pub(crate) cost: usize,
}

/// Drafts that can be used again. At most two publishes of drafts are worth keeping.
#[derive(Debug, Default)]
pub(crate) struct Spare(Vec<Draft>);

impl Spare {
    /// Takes back what was encoded.
    pub(crate) fn give(&mut self, drafts: Vec<Draft>, keep: usize) {
        self.0.extend(drafts);
        self.0.truncate(keep);
    }

    fn take(&mut self, shard: u16) -> Draft {
        let mut draft = self.0.pop().unwrap_or_default();
        draft.reset(shard);
        draft
    }
}

impl Group {
    /// Adds the good rows of `columns`. All rows of one shard go into one message, one after the other.
    pub(crate) fn add(
        &mut self,
        columns: &ReadingColumns,
        assessment: &Assessment<'_>,
        shards: u16,
        spare: &mut Spare,
    ) -> Places {
        let mut places: Places = vec![None; usize::from(shards)];
        let cost = cost(columns);
        self.growing.resize(usize::from(shards), None);
        let mut copier = Copier::new(columns, assessment);
        for at in 0..columns.rows() {
            let Some(shard) = copier.next_shard(at) else {
                continue;
            };
            let Some(place) = places.get_mut(usize::from(shard)) else {
                continue;
            };
            let draft = match place {
                Some((draft, _)) => *draft,
                None => {
                    let draft = self.draft_for(shard, cost, spare);
                    let first = self.drafts.get(draft).map_or(0, |draft| draft.columns.rows());
                    *place = Some((draft, u32::try_from(first).unwrap_or(u32::MAX)));
                    draft
                }
            };
            if let Some(draft) = self.drafts.get_mut(draft) {
                copier.copy(at, draft);
                self.rows = self.rows.saturating_add(1);
            }
        }
        self.cost = self.cost.saturating_add(cost);
        places
    }

    /// The rows added last, which went to `places`, are of a call that is traced.
    pub(crate) fn follow(&mut self, places: &Places, context: &Context) {
        for (draft, first) in places.iter().flatten() {
            let Some(draft) = self.drafts.get_mut(*draft) else {
                continue;
            };
            let rows = u32::try_from(draft.columns.rows()).unwrap_or(u32::MAX);
            if draft.followed.len() < MAX_TRACED {
                draft.followed.push(Followed {
                    context: context.clone(),
                    first: *first,
                    rows: rows.saturating_sub(*first),
                });
            }
        }
    }

    /// The draft of `shard` that has room, as an index; `cost` is what may be added to it.
    fn draft_for(&mut self, shard: u16, cost: usize, spare: &mut Spare) -> usize {
        let growing = self.growing.get(usize::from(shard)).copied().flatten();
        let room = growing.filter(|at| self.drafts.get(*at).is_some_and(|draft| draft.cost < FULL_BYTES));
        let at = room.unwrap_or_else(|| {
            self.drafts.push(spare.take(shard));
            let at = self.drafts.len().saturating_sub(1);
            if let Some(slot) = self.growing.get_mut(usize::from(shard)) {
                *slot = Some(at);
            }
            at
        });
        if let Some(draft) = self.drafts.get_mut(at) {
            // The whole batch is counted in every shard it touches: too much, and never too little.
            draft.cost = draft.cost.saturating_add(cost);
        }
        at
    }
}

/// Copies the rows of one batch, in order.
struct Copier<'a> {
    columns: &'a ReadingColumns,
    assessment: &'a Assessment<'a>,
    /// Per meter of the batch its index in its draft, once a row of it was copied.
    remap: Vec<u32>,
    registers: Vec<&'a str>,
    refused: &'a [(u32, Reason)],
    /// How many measurements were passed.
    measured: usize,
}

const NOT_YET: u32 = u32::MAX;

impl<'a> Copier<'a> {
    fn new(columns: &'a ReadingColumns, assessment: &'a Assessment<'a>) -> Self {
        Self {
            columns,
            assessment,
            remap: vec![NOT_YET; assessment.meters.len()],
            registers: columns.register_names().collect(),
            refused: &assessment.refused,
            measured: 0,
        }
    }

    /// The shard of row `at`, unless the row is refused.
    fn next_shard(&mut self, at: usize) -> Option<u16> {
        if let [(row, _), rest @ ..] = self.refused
            && *row as usize == at
        {
            self.refused = rest;
            return None;
        }
        let meter = *self.columns.meter.get(at)?;
        self.assessment
            .meters
            .get(meter as usize)
            .map(|meter| meter.shard)
    }

    fn copy(&mut self, at: usize, draft: &mut Draft) {
        let row = self.columns.row(at);
        let content = self.assessment.content.get(at).copied().unwrap_or_default();
        draft
            .identity
            .push(self.assessment.identity.get(at).copied().unwrap_or_default());
        draft.marks.push(mark(&row, content));
        let meter = self.meter_in(&row, draft);
        let register = self.register_in(&row, draft);
        draft.columns.push(&Row {
            meter,
            register,
            ..row
        });
        self.copy_telemetry(at, draft);
    }

    fn meter_in(&mut self, row: &Row, draft: &mut Draft) -> u32 {
        let at = row.meter as usize;
        let (Some(slot), Some(meter)) = (self.remap.get_mut(at), self.assessment.meters.get(at)) else {
            return 0;
        };
        if *slot == NOT_YET {
            *slot = draft
                .meters
                .index(&mut draft.columns.meters, meter.id, meter.hash);
        }
        *slot
    }

    fn register_in(&self, row: &Row, draft: &mut Draft) -> u32 {
        match self.registers.get(row.register as usize) {
            Some(name) if row.kind == KIND_REGISTER => {
                draft
                    .registers
                    .index(&mut draft.columns.registers, name, meter_hash(name))
            }
            _ => 0,
        }
    }

    fn copy_telemetry(&mut self, at: usize, draft: &mut Draft) {
        let columns = self.columns;
        while let Some(row) = columns.telemetry_row.get(self.measured) {
            if *row as usize > at {
                break;
            }
            // Measurements of rows that were refused are passed over.
            if *row as usize == at
                && let (Some(kind), Some(value)) = (
                    columns.telemetry_kind.get(self.measured),
                    columns.telemetry_value.get(self.measured),
                )
            {
                draft.columns.push_telemetry(*kind, *value);
            }
            self.measured = self.measured.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests;
