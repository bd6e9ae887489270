//! Energy sold in packages, of which one that is begun is paid in full (`RATING` 3.5).

use super::{Draft, Measure, Pricing};
use crate::RatingError;
use crate::carry::Carried;
use crate::exact::Exact;
use crate::how::How;
use crate::reader::{Fields, Problems};
use crate::scene::Scene;
use crate::statement::Unit;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    measure: Measure,
    /// kWh; above 0.
    size: Exact,
    price: Exact,
}

impl Package {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let path = fields.path_of("size");
        let measure = Measure::read(fields, problems);
        let size = fields.number("size", problems);
        let price = fields.number("price", problems);
        let size = size?;
        problems.judge(&path, size > Exact::ZERO, "must be above 0");
        Some(Self {
            measure: measure?,
            size,
            price: price?,
        })
    }
}

impl Pricing for Package {
    fn measures(&self) -> Vec<Measure> {
        vec![self.measure.clone()]
    }

    fn limits_a_cycle(&self) -> bool {
        true
    }

    fn takes_reads(&self) -> bool {
        true
    }

    fn lines(&self, scene: &Scene<'_>, _: &mut Carried) -> Result<Vec<Draft>, RatingError> {
        let sum = scene.sum_of(&self.measure, None)?;
        let begun = sum.kwh.over(&self.size).unwrap_or(Exact::ZERO);
        let begun = begun.rounded_up().at_least_zero();
        let how = How::Package {
            source: sum,
            size: self.size.clone(),
        };
        Ok(vec![Draft::priced(begun, Unit::Packages, &self.price, how)])
    }
}
