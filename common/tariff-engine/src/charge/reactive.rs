//! Reactive energy beyond a free share of the active energy (`RATING` 3.8).

use super::{Draft, Measure, Pricing};
use crate::RatingError;
use crate::carry::Carried;
use crate::exact::Exact;
use crate::how::{How, ReactiveHow};
use crate::reader::{Fields, Problems};
use crate::scene::Scene;
use crate::statement::{Register, Unit};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReactiveExcess {
    free_share: Exact,
    rate: Exact,
}

impl ReactiveExcess {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let free_share = fields.number("free_share", problems);
        let rate = fields.number("rate", problems);
        Some(Self {
            free_share: free_share?,
            rate: rate?,
        })
    }
}

impl Pricing for ReactiveExcess {
    fn measures(&self) -> Vec<Measure> {
        [Register::Import, Register::Reactive]
            .map(Measure::plain)
            .to_vec()
    }

    fn takes_reads(&self) -> bool {
        true
    }

    fn lines(&self, scene: &Scene<'_>, _: &mut Carried) -> Result<Vec<Draft>, RatingError> {
        let kwh = scene.total_of(Register::Import)?;
        let kvarh = scene.total_of(Register::Reactive)?;
        let excess = kvarh.kwh.minus(kwh.kwh.times(&self.free_share)).at_least_zero();
        let how = How::Reactive(Box::new(ReactiveHow {
            kvarh,
            kwh,
            free_share: self.free_share.clone(),
        }));
        Ok(vec![Draft::priced(excess, Unit::Kilovarhours, &self.rate, how)])
    }
}
