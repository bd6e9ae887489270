//! The register in memory, as much of it as every batch of readings and every bill needs: who is where, and who is billed for it.

mod sorted;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono_tz::Tz;
use model::{Channel, Stay};
use proto::billing::{Agreement, Group, Installation, Meter, ServicePoint};

use crate::time;
use sorted::Ids;

/// An id, shared by everything that names it.
pub(crate) type Id = Arc<str>;

/// The number of the group with empty fields: meters that are nowhere.
pub(crate) const NO_GROUP: usize = 0;

/// See the module.
#[derive(Debug)]
pub(crate) struct Index {
    /// How often the register changed.
    pub(crate) version: u64,
    groups: Vec<Group>,
    group_numbers: HashMap<(String, String, String, String), usize>,
    points: BTreeMap<Id, Point>,
    meters: BTreeMap<Id, MeterFacts>,
    agreements: BTreeMap<Id, Covers>,
}

/// A service point.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) zone: Tz,
    group: usize,
    agreements: Ids,
    /// Meters that are or were there.
    meters: Ids,
}

/// A meter; `None` parts = it is installed or billed, but not registered (never the case after a check).
#[derive(Debug, Clone)]
pub(crate) struct MeterFacts {
    pub(crate) interval_seconds: u32,
    pub(crate) channels: &'static [Channel],
    /// In order of their beginning.
    pub(crate) places: Box<[Place]>,
    /// Agreements whose recipe names it.
    recipes: Ids,
}

/// A meter at a service point for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) installation: Id,
    pub(crate) point: Id,
    pub(crate) from_ms: i64,
    /// Exclusive; `i64::MAX` = still there.
    pub(crate) to_ms: i64,
}

/// What an agreement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Covers {
    pub(crate) point: Id,
    pub(crate) account: Id,
    pub(crate) from_ms: i64,
    /// Exclusive; `i64::MAX` = open-ended.
    pub(crate) to_ms: i64,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            version: 0,
            groups: vec![Group::default()],
            group_numbers: HashMap::from([(Default::default(), NO_GROUP)]),
            points: BTreeMap::new(),
            meters: BTreeMap::new(),
            agreements: BTreeMap::new(),
        }
    }
}

impl MeterFacts {
    /// Where it is or was, in order: not where its installation was withdrawn.
    fn stands(&self) -> impl DoubleEndedIterator<Item = &Place> + Clone {
        self.places.iter().filter(|place| place.from_ms < place.to_ms)
    }
}

impl Index {
    /// Without anything but the numbers of its groups, which whoever asked before may still hold.
    pub(super) fn emptied(&self) -> Self {
        Self {
            groups: self.groups.clone(),
            group_numbers: self.group_numbers.clone(),
            ..Self::default()
        }
    }

    pub(crate) fn put_service_point(&mut self, point: &ServicePoint) {
        let zone = point.zone.parse().unwrap_or(Tz::UTC); // checked before it was written
        let group = self.group_number(point);
        match self.points.get_mut(point.id.as_str()) {
            Some(known) => (known.zone, known.group) = (zone, group),
            None => {
                let new = Point {
                    zone,
                    group,
                    agreements: Ids::default(),
                    meters: Ids::default(),
                };
                self.points.insert(point.id.as_str().into(), new);
            }
        }
    }

    fn group_number(&mut self, point: &ServicePoint) -> usize {
        let key = (
            point.region.clone(),
            point.feeder.clone(),
            point.tariff_class.clone(),
            point.zone.clone(),
        );
        let next = self.groups.len();
        let number = *self.group_numbers.entry(key).or_insert(next);
        if number == next {
            self.groups.push(Group {
                region: point.region.clone(),
                feeder: point.feeder.clone(),
                tariff_class: point.tariff_class.clone(),
                zone: point.zone.clone(),
            });
        }
        number
    }

    pub(crate) fn put_meter(&mut self, meter: &Meter) {
        let channels = channels(meter);
        match self.meters.get_mut(meter.id.as_str()) {
            Some(known) => (known.interval_seconds, known.channels) = (meter.interval_seconds, channels),
            None => {
                let new = MeterFacts {
                    interval_seconds: meter.interval_seconds,
                    channels,
                    places: Box::default(),
                    recipes: Ids::default(),
                };
                self.meters.insert(meter.id.as_str().into(), new);
            }
        }
    }

    pub(crate) fn put_installation(&mut self, old: Option<&Installation>, new: &Installation) {
        if let Some(old) = old
            && let Some(meter) = self.meters.get_mut(old.meter_id.as_str())
        {
            sorted::forget(&mut meter.places, &old.id);
        }
        let (Some((meter_id, _)), Some((point_id, _))) = (
            self.meters.get_key_value(new.meter_id.as_str()),
            self.points.get_key_value(new.service_point_id.as_str()),
        ) else {
            return;
        };
        let (meter_id, point_id) = (Arc::clone(meter_id), Arc::clone(point_id));
        let place = Place {
            installation: new.id.as_str().into(),
            point: Arc::clone(&point_id),
            from_ms: time::start(&new.from),
            to_ms: time::end(&new.to),
        };
        if let Some(meter) = self.meters.get_mut(&meter_id) {
            sorted::add(&mut meter.places, place);
        }
        if let Some(point) = self.points.get_mut(&point_id) {
            point.meters.insert(meter_id);
        }
    }

    pub(crate) fn put_agreement(&mut self, old: Option<&Agreement>, new: &Agreement) {
        if let Some(old) = old {
            if let Some(point) = self.points.get_mut(old.service_point_id.as_str()) {
                point.agreements.remove(&old.id);
            }
            for meter in recipe_meters(old) {
                if let Some(facts) = self.meters.get_mut(meter) {
                    facts.recipes.remove(&old.id);
                }
            }
        }
        let id: Id = new.id.as_str().into();
        let Some((point_id, _)) = self.points.get_key_value(new.service_point_id.as_str()) else {
            return;
        };
        let covers = Covers {
            point: Arc::clone(point_id),
            account: new.account_id.as_str().into(),
            from_ms: time::start(&new.from),
            to_ms: time::end(&new.to),
        };
        if let Some(point) = self.points.get_mut(&covers.point) {
            point.agreements.insert(Arc::clone(&id));
        }
        for meter in recipe_meters(new) {
            if let Some(facts) = self.meters.get_mut(meter) {
                facts.recipes.insert(Arc::clone(&id));
            }
        }
        self.agreements.insert(id, covers);
    }

    /// Takes over what `whole` says of a meter and where it is, unless this index has the meter.
    pub(super) fn copy_meter(&mut self, whole: &Self, id: &str) {
        if !self.meters.contains_key(id)
            && let Some((id, facts)) = whole.meters.get_key_value(id)
        {
            self.meters.insert(Arc::clone(id), facts.clone());
        }
    }

    /// Takes over what `whole` says of a point and its agreements, unless this index has the point. Its group and meters stay behind.
    pub(super) fn copy_point(&mut self, whole: &Self, id: &str) {
        if self.points.contains_key(id) {
            return;
        }
        let Some((id, point)) = whole.points.get_key_value(id) else {
            return;
        };
        for agreement in &point.agreements {
            if let Some(covers) = whole.agreements.get(agreement) {
                self.agreements.insert(Arc::clone(agreement), covers.clone());
            }
        }
        let copy = Point {
            zone: point.zone,
            group: NO_GROUP,
            agreements: point.agreements.clone(),
            meters: Ids::default(),
        };
        self.points.insert(Arc::clone(id), copy);
    }

    pub(crate) fn point(&self, id: &str) -> Option<&Point> {
        self.points.get(id)
    }

    pub(crate) fn meter(&self, id: &str) -> Option<&MeterFacts> {
        self.meters.get(id)
    }

    pub(crate) fn agreement(&self, id: &str) -> Option<&Covers> {
        self.agreements.get(id)
    }

    /// Registered meters in order of id, after `after`.
    pub(crate) fn meters_after<'a>(&'a self, after: Option<&'a str>) -> impl Iterator<Item = &'a str> {
        self.meters
            .range::<str, _>(after_bound(after))
            .map(|(id, _)| &**id)
    }

    /// Agreements in order of id, from `from` on.
    pub(crate) fn agreements_from<'a>(
        &'a self,
        from: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Covers)> {
        let bounds = (std::ops::Bound::Included(from), std::ops::Bound::Unbounded);
        self.agreements
            .range::<str, _>(bounds)
            .map(|(id, covers)| (&**id, covers))
    }

    /// Agreements at a point.
    pub(crate) fn agreements_at<'a>(&'a self, point: &str) -> impl Iterator<Item = (&'a str, &'a Covers)> {
        let ids = self
            .points
            .get(point)
            .into_iter()
            .flat_map(|point| &point.agreements);
        ids.filter_map(|id| Some((&**id, self.agreements.get(id)?)))
    }

    /// Meters that are or were at a point, in order of id.
    pub(crate) fn meters_at<'a>(&'a self, point: &str) -> impl Iterator<Item = (&'a str, &'a MeterFacts)> {
        let ids = self.points.get(point).into_iter().flat_map(|point| &point.meters);
        ids.filter_map(|id| Some((&**id, self.meters.get(id)?)))
    }

    /// Agreements whose bills may depend on what this meter says.
    pub(crate) fn agreements_of(&self, meter: &str) -> BTreeSet<Id> {
        let Some(facts) = self.meters.get(meter) else {
            return BTreeSet::new();
        };
        let at_places = facts
            .places
            .iter()
            .filter_map(|place| self.points.get(&place.point));
        at_places
            .flat_map(|point| point.agreements.iter().cloned())
            .chain(facts.recipes.iter().cloned())
            .collect()
    }

    /// Where a meter is at `now_ms`, or was last; where an installation was withdrawn it never was.
    pub(crate) fn place_of(&self, meter: &str, now_ms: i64) -> Option<&Place> {
        let mut places = self.meters.get(meter)?.stands();
        let begun = places.clone().rfind(|place| place.from_ms <= now_ms);
        begun.or_else(|| places.next())
    }

    /// The number of the group that a meter belongs to at `now_ms`, or belonged to last.
    pub(crate) fn group_of(&self, meter: &str, now_ms: i64) -> Option<usize> {
        Some(self.points.get(&self.place_of(meter, now_ms)?.point)?.group)
    }

    /// The groups that a meter belonged to, ascending; at other times it is in [`NO_GROUP`].
    pub(crate) fn stays_of(&self, meter: &str) -> impl Iterator<Item = Stay<usize>> {
        let places = self.meters.get(meter).into_iter().flat_map(MeterFacts::stands);
        places.filter_map(|place| {
            Some(Stay {
                from_ms: place.from_ms,
                to_ms: place.to_ms,
                place: self.points.get(&place.point)?.group,
            })
        })
    }

    /// Every group, by number.
    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }
}

/// The channels of a meter, which are in order; there are few combinations, and many meters.
fn channels(meter: &Meter) -> &'static [Channel] {
    const SETS: [&[Channel]; 7] = [
        &[Channel::Import],
        &[Channel::Export],
        &[Channel::Import, Channel::Export],
        &[Channel::Reactive],
        &[Channel::Import, Channel::Reactive],
        &[Channel::Export, Channel::Reactive],
        &[Channel::Import, Channel::Export, Channel::Reactive],
    ];
    let words = || meter.channels.iter().filter_map(|word| Channel::from_word(word));
    SETS.into_iter()
        .find(|set| words().eq(set.iter().copied()))
        .unwrap_or_default()
}

fn after_bound(after: Option<&str>) -> (std::ops::Bound<&str>, std::ops::Bound<&str>) {
    let start = after.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
    (start, std::ops::Bound::Unbounded)
}

fn recipe_meters(agreement: &Agreement) -> impl Iterator<Item = &str> {
    let terms = agreement
        .assignments
        .iter()
        .flat_map(|assignment| &assignment.recipe);
    terms.map(|term| term.meter_id.as_str())
}
