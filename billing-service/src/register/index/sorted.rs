//! Sets of a few things, most of them of one: no spare room, because there is a set per meter and per point.

use super::{Id, Place};

/// Ids in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ids(Box<[Id]>);

impl Ids {
    /// Adds an id unless it is there.
    pub(super) fn insert(&mut self, id: Id) {
        if let Err(position) = self.0.binary_search(&id) {
            let mut ids = std::mem::take(&mut self.0).into_vec();
            ids.reserve_exact(1);
            ids.insert(position, id);
            self.0 = ids.into_boxed_slice();
        }
    }

    /// Takes an id out if it is there.
    pub(super) fn remove(&mut self, id: &str) {
        if let Ok(position) = self.0.binary_search_by(|known| (**known).cmp(id)) {
            let mut ids = std::mem::take(&mut self.0).into_vec();
            ids.remove(position);
            self.0 = ids.into_boxed_slice();
        }
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Id> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Ids {
    type Item = &'a Id;
    type IntoIter = std::slice::Iter<'a, Id>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Adds a place; they are in order of their beginning.
pub(super) fn add(places: &mut Box<[Place]>, place: Place) {
    let mut all = std::mem::take(places).into_vec();
    all.reserve_exact(1);
    let position = all.partition_point(|known| known.from_ms <= place.from_ms);
    all.insert(position, place);
    *places = all.into_boxed_slice();
}

/// Takes out what an installation said.
pub(super) fn forget(places: &mut Box<[Place]>, installation: &str) {
    let mut all = std::mem::take(places).into_vec();
    all.retain(|place| *place.installation != *installation);
    *places = all.into_boxed_slice();
}

#[cfg(test)]
mod tests;
