//! A chain of documents that grows at its end, is made short again now and then, and never loses what it took: with nothing but
//! inserting, finding and removing documents by name, whoever else does the same at the same time, and wherever anybody stops.
//!
//! Contents lie under `<chain>|<epoch>|<n>`, n = 0, 1, 2 ... without gaps. An epoch is closed by a document `<chain>|<epoch>|closed`
//! that is never removed; epochs are closed in order, so the first that is not closed is the present one. What was taken is the union
//! of the contents of the present epoch and of the one before it:
//!
//! * [`Chain::append`] inserts at the end of the epoch it takes for the present one, *then* looks whether that was closed meanwhile,
//!   and if so inserts into the next one too. Only then was the content taken. So what an epoch took was there before it was closed.
//! * [`Chain::shorten`] first moves on what is left of the epoch before the present one. Then it closes the present one, *then* reads
//!   it, appends the union to the next one, and only then removes what it read, from the end, so that whoever goes on finds the rest.
//!   Only documents of closed epochs are ever removed, and only what an append that has ended holds already. Where it stops, the next
//!   one goes on.
//! * [`Chain::read`] reads the epoch before the present one, then the present one, *then* looks whether that was closed meanwhile, and
//!   if so goes on with the next. What is moved while it reads moves to where it has not been yet.
//!
//! Names in a closed epoch may come to hold something else when somebody is late; nothing that was taken depends on those.

use crate::error::StoreError;

/// How often an insert may find that others were faster; at least as many as inserts of one chain can be under way.
const MAX_RACES: usize = 64;

/// Documents by name; the collection, and a model of it.
#[async_trait::async_trait]
pub(super) trait Names: Send + Sync {
    /// Keeps `content` unless the name is taken: whether it was free.
    async fn insert(&self, name: &str, content: Vec<u8>) -> Result<bool, StoreError>;

    /// What the name stands for.
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Frees the name; safe to repeat.
    async fn remove(&self, name: &str) -> Result<(), StoreError>;
}

/// Joins contents into as few as there must be; the same contents in any order give the same. `Err`: they cannot be read.
pub(super) type Join<'a> = &'a (dyn Fn(&[Vec<u8>]) -> Result<Vec<Vec<u8>>, StoreError> + Sync);

/// A chain in a collection.
pub(super) struct Chain<'a, N: ?Sized> {
    pub(super) names: &'a N,
    pub(super) name: &'a str,
}

/// What is there to be seen of a chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct View {
    /// The present epoch, when it was looked.
    pub(super) epoch: u64,
    /// What is left of the epoch before.
    left: Vec<Vec<u8>>,
    present: Vec<Vec<u8>>,
}

impl View {
    /// Everything the chain took, in pieces.
    pub(super) fn contents(&self) -> impl Iterator<Item = &[u8]> {
        self.left.iter().chain(&self.present).map(Vec::as_slice)
    }

    /// Whether a reader would be glad of a shorter one: it holds more than `limit` pieces, or somebody stopped half-way.
    pub(super) fn is_long(&self, limit: usize) -> bool {
        self.present.len() > limit || !self.left.is_empty()
    }
}

impl<N: Names + ?Sized> Chain<'_, N> {
    /// What the chain holds. `from`: an epoch all before which are known to be closed.
    pub(super) async fn read(&self, from: u64) -> Result<View, StoreError> {
        let mut view = self.look(from).await?;
        while self.is_closed(view.epoch).await? {
            view = self.look(self.first_open(view.epoch + 1).await?).await?;
        }
        Ok(view)
    }

    /// Adds contents; the view shows them and everything that was taken before they were. `from` as with [`Self::read`]. Safe to repeat:
    /// what is there twice is once in the union.
    pub(super) async fn append(&self, from: u64, contents: &[Vec<u8>]) -> Result<View, StoreError> {
        let mut view = self.look(from).await?;
        loop {
            for content in contents {
                self.insert(&mut view, content).await?;
            }
            if !self.is_closed(view.epoch).await? {
                return Ok(view);
            }
            view = self.look(self.first_open(view.epoch + 1).await?).await?;
        }
    }

    /// Inserts at the end of the view's epoch, with what others put there meanwhile before it. What looks the same is inserted all the
    /// same: only an insert that succeeded is known to stay.
    async fn insert(&self, view: &mut View, content: &[u8]) -> Result<(), StoreError> {
        for _ in 0..MAX_RACES {
            let name = self.part(view.epoch, view.present.len());
            if self.names.insert(&name, content.to_vec()).await? {
                view.present.push(content.to_vec());
                return Ok(());
            }
            // when nothing is found, it was removed meanwhile, and the name is free again
            view.present.extend(self.names.get(&name).await?);
        }
        Err(StoreError::Contended)
    }

    /// Makes a long chain short: what `view` shows, and what came to it since.
    pub(super) async fn shorten(&self, view: &View, limit: usize, join: Join<'_>) -> Result<(), StoreError> {
        if let Some(before) = view.epoch.checked_sub(1) {
            self.advance(before, join).await?;
        }
        if view.present.len() > limit {
            self.names.insert(&self.closed(view.epoch), Vec::new()).await?;
            self.advance(view.epoch, join).await?;
        }
        Ok(())
    }

    /// Moves what a closed epoch holds to a later one.
    async fn advance(&self, closed: u64, join: Join<'_>) -> Result<(), StoreError> {
        let contents = self.parts(closed).await?;
        if contents.is_empty() {
            return Ok(());
        }
        self.append(closed + 1, &join(&contents)?).await?;
        for number in (0..contents.len()).rev() {
            self.names.remove(&self.part(closed, number)).await?;
        }
        Ok(())
    }

    /// The epoch and the one before it, in the order that loses nothing; whether it was closed meanwhile is not looked at.
    async fn look(&self, epoch: u64) -> Result<View, StoreError> {
        let left = match epoch.checked_sub(1) {
            Some(before) => self.parts(before).await?,
            None => Vec::new(),
        };
        Ok(View {
            epoch,
            left,
            present: self.parts(epoch).await?,
        })
    }

    async fn parts(&self, epoch: u64) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut parts = Vec::new();
        while let Some(part) = self.names.get(&self.part(epoch, parts.len())).await? {
            parts.push(part);
        }
        Ok(parts)
    }

    /// The first epoch that is not closed, when all before `from` are: by growing steps, then by halving the last of them.
    async fn first_open(&self, from: u64) -> Result<u64, StoreError> {
        let (mut closed_below, mut step) = (from, 1_u64);
        let mut open = loop {
            let probe = closed_below + step - 1;
            if !self.is_closed(probe).await? {
                break probe;
            }
            closed_below = probe + 1;
            step *= 2;
        };
        while closed_below < open {
            let middle = closed_below + (open - closed_below) / 2;
            if self.is_closed(middle).await? {
                closed_below = middle + 1;
            } else {
                open = middle;
            }
        }
        Ok(open)
    }

    async fn is_closed(&self, epoch: u64) -> Result<bool, StoreError> {
        Ok(self.names.get(&self.closed(epoch)).await?.is_some())
    }

    fn part(&self, epoch: u64, number: usize) -> String {
        format!("{}|{epoch}|{number}", self.name)
    }

    fn closed(&self, epoch: u64) -> String {
        format!("{}|{epoch}|closed", self.name)
    }
}

#[cfg(test)]
mod tests;
