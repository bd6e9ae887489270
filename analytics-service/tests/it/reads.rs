//! Billing as analytics knows it, and the naive fold: every message looked at from the beginning, without any memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use message_bus::Position;
use model::{Content, Quality, content_hash};
use prost::Message as _;
use proto::billing::reads_server::Reads;
use proto::billing::{
    ChangedDaysRequest, ChangedDaysResponse, DayWindowsRequest, DayWindowsResponse, Group, GroupMinutes,
    GroupStay, MeterGroup, MeterGroupsRequest, MeterGroupsResponse,
};
use proto::columns::KIND_INTERVAL;
use proto::meter::ReadingColumns;
use tonic::{Request, Response, Status};

use crate::bus::{FakeBus, Kept};
use crate::world::KIND;

const DAY_MS: i64 = 86_400_000;

/// Meter, channel, start.
type Identity = (String, u32, i64);

/// What counts of the messages up to `until`.
pub(crate) fn winners(log: &[Kept], until: Position) -> BTreeMap<Identity, Content> {
    let mut winners: BTreeMap<Identity, Content> = BTreeMap::new();
    for kept in log.iter().filter(|kept| kept.position <= until) {
        let Ok(columns) = ReadingColumns::decode(kept.body.clone()) else {
            continue;
        };
        if columns.check().is_err() {
            continue;
        }
        let ids: Vec<&str> = columns.meter_ids().collect();
        for row in (0..columns.rows()).map(|row| columns.row(row)) {
            if row.kind != KIND_INTERVAL || row.channel > 2 {
                continue;
            }
            let content = Content {
                value: row.value,
                interval_seconds: row.interval_seconds,
                quality: Quality::from_code(row.quality).unwrap(),
                revision: row.revision,
            };
            let order = |content: &Content| (content.rank(), std::cmp::Reverse(content_hash(content)));
            let identity = (ids[row.meter as usize].to_owned(), row.channel, row.start_ms);
            let winner = winners.entry(identity).or_insert(content);
            if order(&content) > order(winner) {
                *winner = content;
            }
        }
    }
    winners
}

#[derive(Default)]
struct Register {
    version: u64,
    /// Where meters are since when.
    places: BTreeMap<String, BTreeMap<i64, Option<Group>>>,
}

pub(crate) struct FakeReads {
    bus: Arc<FakeBus>,
    register: Mutex<Register>,
    /// Which store it has.
    store: Mutex<String>,
    /// It has read up to here; `None`: everything.
    behind: Mutex<Option<Position>>,
    calls: Mutex<u64>,
    /// Messages that come while the next day is folded.
    surprises: Mutex<Vec<(u16, Bytes)>>,
    /// Meters that move while the next day is folded.
    moves: Mutex<Vec<(String, i64, Option<Group>)>>,
}

impl FakeReads {
    pub(crate) fn new(bus: Arc<FakeBus>) -> Self {
        Self {
            bus,
            register: Mutex::default(),
            store: Mutex::new("01".to_owned()),
            behind: Mutex::default(),
            calls: Mutex::default(),
            surprises: Mutex::default(),
            moves: Mutex::default(),
        }
    }

    /// Billing has this store from now on.
    pub(crate) fn set_store(&self, id: &str) {
        id.clone_into(&mut self.store.lock().unwrap());
    }

    pub(crate) fn register(&self, meter: &str, group: Option<Group>) {
        self.move_at(meter, i64::MIN, group);
    }

    /// From then on the meter is in the group; whatever was said of later times is forgotten.
    pub(crate) fn move_at(&self, meter: &str, from_ms: i64, group: Option<Group>) {
        let mut register = self.register.lock().unwrap();
        register.version += 1;
        let places = register.places.entry(meter.to_owned()).or_default();
        places.retain(|from, _| *from < from_ms);
        places.insert(from_ms, group);
    }

    pub(crate) fn group_at(&self, meter: &str, time_ms: i64) -> Group {
        let register = self.register.lock().unwrap();
        let places = register.places.get(meter);
        let place = places.and_then(|places| places.range(..=time_ms).next_back()?.1.clone());
        place.unwrap_or_default()
    }

    /// Stops reading, or catches up.
    pub(crate) fn set_behind(&self, behind: bool) {
        *self.behind.lock().unwrap() = behind.then(|| self.last());
    }

    /// Registers this while the next day is folded.
    pub(crate) fn move_meanwhile(&self, meter: &str, from_ms: i64, group: Option<Group>) {
        self.moves
            .lock()
            .unwrap()
            .push((meter.to_owned(), from_ms, group));
    }

    pub(crate) fn let_moves_happen(&self) {
        let moves: Vec<_> = self.moves.lock().unwrap().drain(..).collect();
        for (meter, from_ms, group) in moves {
            self.move_at(&meter, from_ms, group);
        }
    }

    /// Publishes this while the next day is folded.
    pub(crate) fn surprise(&self, shard: u16, body: Bytes) {
        self.surprises.lock().unwrap().push((shard, body));
    }

    pub(crate) fn let_surprises_happen(&self) {
        for (shard, body) in self.surprises.lock().unwrap().drain(..) {
            self.bus.put(shard, KIND, body);
        }
    }

    pub(crate) fn folds(&self) -> u64 {
        *self.calls.lock().unwrap()
    }

    fn last(&self) -> Position {
        self.bus.log().last().map_or(0, |kept| kept.position)
    }

    fn position(&self, min: Position) -> Result<Position, Status> {
        let position = self.behind.lock().unwrap().unwrap_or_else(|| self.last());
        if position < min {
            Err(Status::unavailable("billing is behind"))
        } else {
            Ok(position)
        }
    }

    fn of_shard(&self, shard: u32) -> Vec<Kept> {
        let mut log = self.bus.log();
        log.retain(|kept| u32::from(kept.shard) == shard);
        log
    }
}

#[tonic::async_trait]
impl Reads for FakeReads {
    async fn day_windows(
        &self,
        request: Request<DayWindowsRequest>,
    ) -> Result<Response<DayWindowsResponse>, Status> {
        let request = request.into_inner();
        self.let_surprises_happen();
        let position = self.position(request.min_position)?;
        let call = {
            let mut calls = self.calls.lock().unwrap();
            *calls += 1;
            *calls
        };
        if call.is_multiple_of(7) {
            return Err(Status::internal("a bad moment"));
        }
        let mut minutes: BTreeMap<(String, u32), (Group, [i64; 2], u32)> = BTreeMap::new();
        for ((meter, channel, start), content) in winners(&self.of_shard(request.shard), position) {
            if start.div_euclid(DAY_MS) != i64::from(request.day) {
                continue;
            }
            let group = self.group_at(&meter, start);
            let minute = u32::try_from(start.rem_euclid(DAY_MS) / 60_000).unwrap();
            let key = (format!("{group:?}"), minute);
            let (_, energy, readings) = minutes.entry(key).or_insert((group, [0; 2], 0));
            energy[channel as usize - 1] += content.value;
            *readings += 1;
        }
        self.let_moves_happen();
        let mut groups: BTreeMap<String, GroupMinutes> = BTreeMap::new();
        for ((name, minute), (group, [import, export], readings)) in minutes {
            let columns = groups.entry(name).or_default();
            columns.group = Some(group);
            columns.minute.push(minute);
            columns.import.push(import);
            columns.export.push(export);
            columns.readings.push(readings);
        }
        Ok(Response::new(DayWindowsResponse {
            position,
            groups: groups.into_values().collect(),
            register_version: self.register.lock().unwrap().version,
            store_id: Some(self.store.lock().unwrap().clone()),
        }))
    }

    async fn changed_days(
        &self,
        request: Request<ChangedDaysRequest>,
    ) -> Result<Response<ChangedDaysResponse>, Status> {
        let request = request.into_inner();
        let position = self.position(request.min_position)?;
        let mut changed = self.of_shard(request.shard);
        changed.retain(|kept| kept.position > request.after_position);
        let starts = winners(&changed, position).into_keys().map(|(_, _, start)| start);
        let days: BTreeSet<i32> = starts
            .map(|start| i32::try_from(start.div_euclid(DAY_MS)).unwrap())
            .collect();
        Ok(Response::new(ChangedDaysResponse {
            position,
            day: days.into_iter().collect(),
            store_id: Some(self.store.lock().unwrap().clone()),
        }))
    }

    async fn meter_groups(
        &self,
        request: Request<MeterGroupsRequest>,
    ) -> Result<Response<MeterGroupsResponse>, Status> {
        let request = request.into_inner();
        let register = self.register.lock().unwrap();
        let mut response = MeterGroupsResponse {
            register_version: register.version,
            store_id: Some(self.store.lock().unwrap().clone()),
            ..MeterGroupsResponse::default()
        };
        if request.known_version == register.version {
            return Ok(Response::new(response));
        }
        // a page has two meters
        let mut rest = register.places.range(request.cursor..);
        for (meter, places) in rest.by_ref().take(2) {
            let ends = places.keys().skip(1).map(|from| Some(*from)).chain([None]);
            let stays = places.iter().zip(ends).map(|((from, group), to_ms)| GroupStay {
                group: group.clone(),
                from_ms: Some(*from).filter(|from| *from > i64::MIN),
                to_ms,
            });
            response.items.push(MeterGroup {
                meter_id: meter.clone(),
                stays: stays.collect(),
                heard: false,
            });
        }
        response.next_cursor = rest.next().map(|(meter, _)| meter.clone());
        Ok(Response::new(response))
    }
}
