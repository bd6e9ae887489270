//! An assistant: takes in the shards that the leader wishes.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::assist::assist_client::AssistClient;
use proto::assist::assist_server::Assist;
use service_kit::internal::MAX_ANSWER_BYTES;
use service_kit::remote::{Link, LinkConfig};
use service_kit::{OnFailure, Tasks, fault_of};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status};

use super::remote::Remote;
use super::table::{Report, Wishes};
use super::{LOST_AFTER, UNKNOWN, wire};
use crate::consumer::Consumer;
use crate::error::{Error, OTHER_STORE};
use crate::follow::Followed;
use crate::metrics::Metrics;
use crate::reads::store::ReadsStore;
use crate::reads::{Consequences, Hold, Limits, Reads, error_chain};
use crate::start::Deps;

/// The wait before it is looked again for a leader.
const AGAIN: Duration = Duration::from_millis(500);
/// The wait before the next report when this one came to nothing.
const SOON: Duration = Duration::from_millis(100);
/// The wait before a shard that cannot be opened is tried again.
const RETRY: Duration = Duration::from_millis(500);
/// How long what is dropped may take to end.
const END_WITHIN: Duration = Duration::from_secs(5);
/// The largest message: one for the quarantine, and what is said with it.
pub(crate) const MAX_MESSAGE_BYTES: usize = message_bus::embedded::MAX_BODY_BYTES + (64 << 10);
/// Calls that have deadlines of their own: a report says that somebody is there, the others may bring much about.
const DEADLINES: [(&str, Duration); 3] = [
    ("/gridtally.assist.v1.Assist/Report", Duration::from_secs(2)),
    ("/gridtally.assist.v1.Assist/Ensure", Duration::from_secs(60)),
    ("/gridtally.assist.v1.Assist/Quarantine", Duration::from_secs(60)),
];

/// What an assistant needs.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn ReadsStore>,
    pub(crate) limits: Limits,
    /// Which store that is.
    pub(crate) store_id: String,
    pub(crate) metrics: Metrics,
}

/// Assists whoever leads, found at the addresses of `url`, until `stop`; what is not stored and acknowledged then comes again to
/// somebody.
///
/// # Errors
/// [`Error::OtherStore`].
pub(crate) async fn assist(
    url: &str,
    parts: &Parts,
    deps: &Deps,
    stop: &CancellationToken,
) -> Result<(), Error> {
    let config = LinkConfig {
        url: url.to_owned(),
        ..LinkConfig::here(0)
    };
    let link = Link::new("the billing-service that leads", &config, &DEADLINES)
        .map_err(|status| Error::Config(status.message().to_owned()))?;
    let client = AssistClient::new(link.clone())
        .max_encoding_message_size(MAX_MESSAGE_BYTES)
        .max_decoding_message_size(MAX_ANSWER_BYTES);
    let leader: Arc<dyn Assist> = Arc::new(client);
    let mut said = String::new();
    while !stop.is_cancelled() {
        link.look().await;
        let ended = match link.state() {
            Ok(()) => Session::new(parts, deps, Arc::clone(&leader)).run(stop).await?,
            Err(why) => why,
        };
        parts.metrics.shards.set(0);
        if ended != said && !stop.is_cancelled() {
            tracing::warn!(
                url,
                why = ended,
                "nobody is assisted: readings are taken in by whoever leads"
            );
            said = ended;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
    Ok(())
}

/// From the first report to a leader until it is not heard of, or does not know this assistant any more.
struct Session {
    leader: Arc<dyn Assist>,
    reads: Arc<Reads>,
    consumer: Consumer,
    tasks: Tasks,
    metrics: Metrics,
    work: Arc<Work>,
    /// What is under way is dropped when this is cancelled.
    over: CancellationToken,
    report: Report,
    shards: BTreeMap<u16, CancellationToken>,
    holds: BTreeMap<u16, CancellationToken>,
}

/// What the tasks of a session have done.
#[derive(Default)]
struct Work {
    done: Mutex<Done>,
    news: Notify,
}

#[derive(Default)]
struct Done {
    /// Shards that are not taken in any more, stored and acknowledged.
    ended: Vec<u16>,
    held: BTreeMap<u16, Hold>,
}

impl Work {
    fn done(&self) -> MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, how: impl FnOnce(&mut Done)) {
        how(&mut self.done());
        self.news.notify_one();
    }
}

impl Session {
    fn new(parts: &Parts, deps: &Deps, leader: Arc<dyn Assist>) -> Self {
        let assistant = RandomState::new().hash_one(std::process::id());
        let shards = deps.bus.shards();
        let followed = Arc::<Followed>::default();
        let remote: Arc<dyn Consequences> = Arc::new(Remote {
            leader: Arc::clone(&leader),
            assistant,
            shards,
            metrics: parts.metrics.clone(),
            followed: Arc::clone(&followed),
        });
        let (store, over) = (Arc::clone(&parts.store), CancellationToken::new());
        let reads = Reads::unopened(store, Arc::clone(&remote), shards, parts.limits);
        Self {
            leader,
            consumer: Consumer {
                bus: Arc::clone(&deps.bus),
                reads: Arc::clone(&reads),
                consequences: remote,
                followed,
                over: over.clone(),
            },
            reads,
            tasks: Tasks::new(deps.tasks.failed_token()),
            metrics: parts.metrics.clone(),
            work: Arc::default(),
            over,
            report: Report {
                assistant,
                store: parts.store_id.clone(),
                ..Report::default()
            },
            shards: BTreeMap::new(),
            holds: BTreeMap::new(),
        }
    }

    /// Why it ended.
    async fn run(mut self, stop: &CancellationToken) -> Result<String, Error> {
        let _over = self.over.clone().drop_guard();
        let (reads, over) = (Arc::clone(&self.reads), self.over.clone());
        let checkpoints = reads.run_checkpoints(self.over.clone());
        self.tasks
            .spawn("assistant's checkpoints", OnFailure::StopProcess, async move {
                over.run_until_cancelled(checkpoints).await.unwrap_or(Ok(()))
            });
        let ended = stop.run_until_cancelled(self.follow()).await;
        self.over.cancel();
        if !self.tasks.drain(END_WITHIN).await {
            tracing::warn!("work for the leader did not end in time");
        }
        ended.unwrap_or(Ok(String::new()))
    }

    /// Does as the leader wishes until it is not heard of, and says why.
    async fn follow(&mut self) -> Result<String, Error> {
        let mut heard = Instant::now();
        loop {
            self.look_around();
            self.report.number += 1;
            let work = Arc::clone(&self.work);
            let answer = tokio::select! {
                answer = ask(&*self.leader, &self.report) => answer,
                () = work.news.notified() => continue, // said in the next report
            };
            match answer {
                Ok(wishes) => {
                    heard = Instant::now();
                    if !self.apply(&wishes) {
                        tokio::time::sleep(SOON).await;
                    }
                }
                Err(status) if fault_of(&status).reason == OTHER_STORE => return Err(Error::OtherStore),
                Err(status) if fault_of(&status).reason == UNKNOWN || heard.elapsed() > LOST_AFTER => {
                    // What is no billing-service may say nothing: the code tells.
                    let message = Some(status.message()).filter(|message| !message.is_empty());
                    return Ok(message.map_or_else(|| status.code().to_string(), str::to_owned));
                }
                Err(_) => tokio::time::sleep(SOON).await,
            }
        }
    }

    /// Gathers what the tasks have done into the next report.
    fn look_around(&mut self) {
        let mut done = self.work.done();
        for shard in std::mem::take(&mut done.ended) {
            self.shards.remove(&shard);
        }
        self.report.shards = self.shards.keys().copied().collect();
        self.report.held = (done.held.iter())
            .map(|(shard, hold)| (*shard, hold.position))
            .collect();
        drop(done);
        let shown = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.metrics.shards.set(shown(self.shards.len()));
        self.metrics.readings_pending_bytes.set(shown(self.reads.bytes()));
    }

    /// Says whether all is as it is wished, or on its way there.
    fn apply(&mut self, wishes: &Wishes) -> bool {
        for (shard, wanted) in &self.shards {
            if !wishes.shards.contains(shard) {
                wanted.cancel();
            }
        }
        for shard in &wishes.shards {
            if !self.shards.contains_key(shard) {
                let wanted = self.over.child_token();
                self.shards.insert(*shard, wanted.clone());
                self.take_in(*shard, wanted);
            }
        }
        self.holds.retain(|shard, wanted| {
            let keep = wishes.hold.contains(shard);
            if !keep {
                wanted.cancel();
            }
            keep
        });
        self.work
            .done()
            .held
            .retain(|shard, _| wishes.hold.contains(shard));
        for shard in &wishes.hold {
            if !self.holds.contains_key(shard) {
                let wanted = self.over.child_token();
                self.holds.insert(*shard, wanted.clone());
                self.hold(*shard, wanted);
            }
        }
        // A shard that is wished again while it is ending is begun again when it has ended.
        let ending = |shard| {
            self.shards
                .get(shard)
                .is_some_and(CancellationToken::is_cancelled)
        };
        let applied = !wishes.shards.iter().any(ending);
        if applied {
            self.report.turn = wishes.turn;
        }
        applied
    }

    /// Takes a shard in until it is not `wanted` any more.
    fn take_in(&self, shard: u16, wanted: CancellationToken) {
        let (consumer, over) = (self.consumer.clone(), self.over.clone());
        let (tasks, work) = (self.tasks.clone(), Arc::clone(&self.work));
        tracing::info!(shard, "taking in a shard for the billing-service that leads");
        self.tasks
            .spawn("assistant's shard", OnFailure::StopProcess, async move {
                let taken = over.run_until_cancelled(async {
                    if let Some(consuming) = wanted.run_until_cancelled(begin(&consumer, shard, &tasks)).await
                    {
                        wanted.cancelled().await;
                        consuming.end().await;
                        consumer.reads.give(shard).await;
                    }
                });
                if taken.await.is_some() {
                    work.add(|done| done.ended.push(shard));
                }
                Ok::<(), Error>(())
            });
    }

    /// Holds a shard until that is not `wanted` any more.
    fn hold(&self, shard: u16, wanted: CancellationToken) {
        let (reads, work) = (Arc::clone(&self.reads), Arc::clone(&self.work));
        self.tasks
            .spawn("assistant's hold", OnFailure::StopProcess, async move {
                if let Some(Some(hold)) = wanted.run_until_cancelled(reads.hold(shard)).await {
                    work.add(|done| {
                        if !wanted.is_cancelled() {
                            done.held.insert(shard, hold);
                        }
                    });
                }
                Ok::<(), Error>(())
            });
    }
}

/// Begins with a shard as it is stored; tried until it is done.
async fn begin(consumer: &Consumer, shard: u16, tasks: &Tasks) -> crate::consumer::Consuming {
    loop {
        let begun = async {
            consumer.reads.reopen(shard).await?;
            consumer.start(shard, tasks).await
        };
        match begun.await {
            Ok(consuming) => return consuming,
            Err(error) => {
                let error = error_chain(&error);
                tracing::warn!(shard, error, "cannot begin with a shard; trying again");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

async fn ask(leader: &dyn Assist, report: &Report) -> Result<Wishes, Status> {
    let answer = leader.report(Request::new(wire::report_out(report))).await?;
    wire::wishes_in(answer.get_ref()).map_err(|error| Status::internal(error.to_string()))
}
