//! Groups of meters: region, feeder, tariff class and zone, each combination with a small number for the life of the process.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use chrono_tz::Tz;
use proto::billing::Group;

/// The number of a group.
pub type GroupIndex = u16;

/// Number of the group of meters that nobody registered, or that stand nowhere.
pub const UNKNOWN: GroupIndex = 0;

/// The name of whatever the register does not say.
pub const UNKNOWN_NAME: &str = "unknown";

/// What the numbers stand for. Groups are added, never removed: they come from the register, which staff write. When the numbers
/// run out, further groups count as [`UNKNOWN`].
#[derive(Debug)]
pub struct Groups {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    numbers: HashMap<Arc<Group>, GroupIndex>,
    groups: Vec<Arc<Group>>,
    overflowed: bool,
}

impl Default for Groups {
    fn default() -> Self {
        let groups = Self {
            inner: RwLock::default(),
        };
        groups.number(&Group::default());
        groups
    }
}

impl Groups {
    /// The number of `group`, whose empty fields mean unknown (an empty zone: UTC).
    pub fn number(&self, group: &Group) -> GroupIndex {
        let group = named(group);
        let known = (self.inner.read().unwrap_or_else(PoisonError::into_inner))
            .numbers
            .get(&group)
            .copied();
        known.unwrap_or_else(|| {
            self.inner
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .add(group)
        })
    }

    /// Every group, in order of its number.
    pub fn all(&self) -> Vec<Arc<Group>> {
        self.inner
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .groups
            .clone()
    }
}

impl Inner {
    fn add(&mut self, group: Group) -> GroupIndex {
        if let Some(number) = self.numbers.get(&group) {
            return *number; // somebody else was faster
        }
        let Ok(number) = GroupIndex::try_from(self.groups.len()) else {
            if !self.overflowed {
                tracing::warn!(
                    groups = self.groups.len(),
                    "too many groups, the rest counts as unknown"
                );
                self.overflowed = true;
            }
            return UNKNOWN;
        };
        let group = Arc::new(group);
        self.groups.push(Arc::clone(&group));
        self.numbers.insert(group, number);
        number
    }
}

/// `group` with a name in every field.
fn named(group: &Group) -> Group {
    let or = |text: &str, default: &str| if text.is_empty() { default } else { text }.to_owned();
    Group {
        region: or(&group.region, UNKNOWN_NAME),
        feeder: or(&group.feeder, UNKNOWN_NAME),
        tariff_class: or(&group.tariff_class, UNKNOWN_NAME),
        zone: or(&group.zone, "UTC"),
    }
}

/// The zone of a group; UTC when its name is none of the tz database.
pub fn zone_of(group: &Group) -> Tz {
    group.zone.parse().unwrap_or(Tz::UTC)
}

#[cfg(test)]
mod tests;
