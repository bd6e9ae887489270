//! Prices that change with the market (`RATING` 3.4).

use super::measure::{Measure, read_sign};
use super::{Draft, Pricing};
use crate::RatingError;
use crate::carry::Carried;
use crate::exact::Exact;
use crate::how::{How, IndexedHow};
use crate::load::kwh;
use crate::price::Prices;
use crate::reader::{Fields, Problems};
use crate::scene::Scene;

/// The column of a price file.
pub(crate) const PRICE: &str = "price_per_mwh";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Indexed {
    measure: Measure,
    sign: Exact,
    multiplier: Exact,
    adder: Exact,
}

impl Indexed {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let measure = Measure::read(fields, problems);
        let sign = read_sign(fields, problems);
        let multiplier = fields.number_or("multiplier", Exact::ONE, problems);
        let adder = fields.number_or("adder", Exact::ZERO, problems);
        Some(Self {
            measure: measure?,
            sign: sign?,
            multiplier: multiplier?,
            adder: adder?,
        })
    }

    /// Sum of kWh x price per MWh, in price x 10^-9 kWh.
    fn weighed(&self, scene: &Scene<'_>, prices: &Prices) -> Result<Exact, RatingError> {
        let Some(load) = scene.load else {
            return Ok(Exact::ZERO);
        };
        let Some(values) = self.measure.values(load) else {
            return Ok(Exact::ZERO);
        };
        let range = load.range(scene.period.start_ms, scene.period.end_ms);
        let intervals = range.filter_map(|index| {
            Some((
                *load.starts.get(index)?,
                *load.lengths_ms.get(index)?,
                *values.get(index)?,
            ))
        });
        prices.weigh(PRICE, intervals)
    }
}

impl Pricing for Indexed {
    fn measures(&self) -> Vec<Measure> {
        vec![self.measure.clone()]
    }

    fn lines(&self, scene: &Scene<'_>, _: &mut Carried) -> Result<Vec<Draft>, RatingError> {
        let sum = scene.sum_of(&self.measure, None)?;
        let at_ms = scene.period.start_ms;
        let prices = scene.prices.ok_or(RatingError::PriceMissing { at_ms })?;
        // per MWh and 10^-9 kWh: once to kWh, once to MWh
        let market = self
            .weighed(scene, prices)?
            .times(kwh(1))
            .over(Exact::whole(1000));
        let market = market.unwrap_or(Exact::ZERO);
        let exact = market
            .times(&self.multiplier)
            .plus(sum.kwh.times(&self.adder))
            .times(&self.sign);
        let kwh = sum.kwh.clone();
        let how = How::Indexed(Box::new(IndexedHow {
            source: sum,
            market,
            multiplier: self.multiplier.clone(),
            adder: self.adder.clone(),
            sign: self.sign.clone(),
        }));
        Ok(vec![Draft::of(kwh, self.measure.register.unit(), exact, how)])
    }
}
