//! `Ingestion.Submit`: judge, wait for the group's confirm, answer per row.

use std::sync::Arc;
use std::time::Duration;

use model::{Clock, Reason};
use proto::ingestion::SubmitResponse;
use proto::ingestion::ingestion_server::Ingestion;
use proto::meter::{ReadingColumns, RowFault, Verdict};
use service_kit::{status_of, trace};
use tonic::{Request, Response, Status};

use crate::assess::{Assessment, Rules, assess};
use crate::config::{Config, UnknownMeters};
use crate::error::IngestionError;
use crate::group::Places;
use crate::judge::Limits;
use crate::memory::Word;
use crate::metrics::Metrics;
use crate::queue::{Outcome, Queue};

/// Whether a meter is registered. Asked once per meter and batch, so it must answer from memory.
pub type IsKnown = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Takes batches.
pub(crate) struct Service {
    pub(crate) queue: Arc<Queue>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    pub(crate) shards: u16,
    pub(crate) retention_ms: i64,
    pub(crate) ahead_ms: i64,
    /// Present where unknown meters are refused.
    pub(crate) is_known: Option<IsKnown>,
}

impl Service {
    pub(crate) fn limits(config: &Config) -> (i64, i64) {
        (millis(config.retention), millis(config.ahead))
    }

    pub(crate) fn hook(config: &Config, is_known: Option<IsKnown>) -> Option<IsKnown> {
        is_known.filter(|_| config.unknown_meters == UnknownMeters::Reject)
    }

    async fn take(&self, columns: ReadingColumns) -> Result<SubmitResponse, IngestionError> {
        columns.check()?;
        let mut waiting = {
            let now_ms = self.clock.now_ms();
            let rules = Rules {
                limits: Limits {
                    first_ms: now_ms.saturating_sub(self.retention_ms),
                    last_ms: now_ms.saturating_add(self.ahead_ms),
                },
                shards: self.shards,
                is_known: self.is_known.as_deref(),
            };
            self.queue.make_room(&columns).await?;
            self.add(&columns, &rules)?
        };
        let outcome = match &mut waiting.published {
            None => None,
            // A publisher that vanished told nobody: unknown.
            Some((_, answer)) => Some(
                answer
                    .wait_for(Option::is_some)
                    .await
                    .ok()
                    .and_then(|outcome| outcome.as_ref().map(Arc::clone)),
            ),
        };
        let outcome = outcome.map(|outcome| outcome.unwrap_or(Arc::new(Outcome::Unknown)));
        if let Some(Outcome::Full) = outcome.as_deref() {
            return Err(IngestionError::Full);
        }
        Ok(self.answer(&columns, waiting, outcome.as_deref()))
    }

    /// Judges a batch and adds its good rows to the queue.
    fn add(&self, columns: &ReadingColumns, rules: &Rules<'_>) -> Result<Waiting, IngestionError> {
        let assessment = assess(columns, rules);
        let published = if assessment.refused.len() == columns.rows() {
            self.queue.give_back(columns);
            None
        } else {
            Some(self.queue.add(columns, &assessment, trace::current())?)
        };
        let Assessment {
            meters,
            identity,
            content,
            refused,
        } = assessment;
        Ok(Waiting {
            shards: meters.iter().map(|meter| meter.shard).collect(),
            identity,
            content,
            refused,
            published,
        })
    }

    fn answer(
        &self,
        columns: &ReadingColumns,
        waiting: Waiting,
        outcome: Option<&Outcome>,
    ) -> SubmitResponse {
        for (_, reason) in &waiting.refused {
            self.metrics.rejected(*reason);
        }
        let rows = columns.rows();
        let repeats =
            matches!(outcome, Some(Outcome::Kept(words)) if words.iter().any(|words| !words.is_empty()));
        let kept = matches!(outcome, Some(Outcome::Kept(_)));
        let (verdict, faults) = if kept && !repeats && waiting.refused.is_empty() {
            self.metrics.answered(Verdict::Accepted, rows);
            (vec![code(Verdict::Accepted)], Vec::new())
        } else {
            self.verdicts(columns, &waiting, outcome)
        };
        SubmitResponse {
            verdict,
            faults,
            identity: waiting.identity,
            content: waiting.content,
        }
    }

    /// The verdict of every row, where they are not all the same.
    fn verdicts(
        &self,
        columns: &ReadingColumns,
        waiting: &Waiting,
        outcome: Option<&Outcome>,
    ) -> (Vec<u32>, Vec<RowFault>) {
        let mut places = waiting
            .published
            .as_ref()
            .map(|(places, _)| places.clone())
            .unwrap_or_default();
        let mut refused = waiting.refused.iter().peekable();
        let mut verdicts = Vec::with_capacity(columns.rows());
        let mut faults = Vec::new();
        for (row, meter) in (0_u32..).zip(&columns.meter) {
            let verdict = if let Some((_, reason)) = refused.next_if(|(at, _)| *at == row) {
                (Verdict::Rejected, Some(*reason))
            } else {
                let shard = waiting.shards.get(*meter as usize).copied().unwrap_or_default();
                word_of(outcome, places.get_mut(usize::from(shard)))
            };
            let (verdict, reason) = verdict;
            self.metrics.answered(verdict, 1);
            verdicts.push(code(verdict));
            faults.extend(reason.map(|reason| RowFault {
                row,
                reason: reason.code().to_owned(),
                message: reason.message().to_owned(),
            }));
        }
        (verdicts, faults)
    }
}

/// A batch that was judged, and whose good rows wait for their confirm.
struct Waiting {
    /// Per meter.
    shards: Vec<u16>,
    identity: Vec<u64>,
    content: Vec<u64>,
    refused: Vec<(u32, Reason)>,
    /// Absent when no row was good.
    published: Option<(Places, crate::queue::Answer)>,
}

/// The verdict of the next good row of a shard, whose place moves on by it.
fn word_of(outcome: Option<&Outcome>, place: Option<&mut Option<(usize, u32)>>) -> (Verdict, Option<Reason>) {
    let (Some(Outcome::Kept(words)), Some(Some((message, row)))) = (outcome, place) else {
        return (Verdict::Retry, Some(Reason::OutcomeUnknown));
    };
    let at = *row;
    *row = row.saturating_add(1);
    let word = words.get(*message).and_then(|words| {
        words
            .binary_search_by_key(&at, |(row, _)| *row)
            .ok()
            .and_then(|found| words.get(found))
    });
    match word {
        Some((_, Word::Duplicate)) => (Verdict::Duplicate, Some(Reason::Duplicate)),
        Some((_, Word::Conflict)) => (Verdict::Conflict, Some(Reason::Conflict)),
        Some((_, Word::Accepted)) | None => (Verdict::Accepted, None),
    }
}

fn code(verdict: Verdict) -> u32 {
    u32::try_from(i32::from(verdict)).unwrap_or_default()
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[async_trait::async_trait]
impl Ingestion for Service {
    async fn submit(&self, request: Request<ReadingColumns>) -> Result<Response<SubmitResponse>, Status> {
        match self.take(request.into_inner()).await {
            Ok(response) => Ok(Response::new(response)),
            Err(error) => {
                self.metrics.turned_away(error.reason());
                Err(status_of(&error.fault()))
            }
        }
    }
}
