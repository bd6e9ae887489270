//! Power that was agreed upon, by bands, and what is taken beyond it (`RATING` 3.9).

use chrono::NaiveDate;

use super::demand::highest_by_pick;
use super::excess::Excess;
use super::window::Window;
use super::{BandRule, Draft, Pricing, check_names, read_name};
use crate::RatingError;
use crate::carry::Carried;
use crate::event::Calendar;
use crate::exact::Exact;
use crate::how::{BandHow, ExcessHow, How};
use crate::reader::{At, Fields, Problems};
use crate::rule::{Hours, When};
use crate::scene::Scene;
use crate::statement::Unit;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contracted {
    window: Window,
    /// In the order in which they are tested; the last one takes what is left.
    bands: Vec<Band>,
    rule: Rule,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Band {
    name: String,
    kw: Exact,
    rate_per_kw_day: Exact,
    /// `None`: always.
    when: Option<When>,
    /// When it counts, the bands before it considered.
    hours: Hours,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    /// What is billed lies between a low and, at its own price, a high share of the contracted power.
    Band {
        low: Exact,
        high: Exact,
        excess_factor: Exact,
    },
    /// The contracted power is paid always, and the root of the summed squares of what exceeds it.
    RootSumSquare { excess_id: String, excess_rate: Exact },
}

impl Contracted {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let path = fields.path.clone();
        let window = Window::read(fields, problems);
        let bands = fields.maybe("bands", problems, |at, problems| {
            at.several(problems, |at, problems| Band::read(at, true, problems))
        });
        let otherwise = fields
            .need("otherwise", problems)
            .and_then(|at| Band::read(&at, false, problems));
        let rule = Rule::read(fields, problems);
        let bands = [bands?.unwrap_or_default(), vec![otherwise?]].concat();
        check_names(&path, bands.iter().map(|band| &band.name), problems);
        Some(Self {
            window: window?,
            bands: with_hours(bands),
            rule: rule?,
        })
    }

    /// By the rule `band`: lo, M, or M and a multiple of what is above hi.
    fn by_band(
        &self,
        scene: &Scene<'_>,
        (low, high, excess_factor): (&Exact, &Exact, &Exact),
    ) -> Result<Vec<Draft>, RatingError> {
        let (best, scale) = highest_by_pick(self.window, scene, self.bands.len())?;
        let lines = self.bands.iter().zip(best).map(|(band, best)| {
            let measured = best.map_or(Exact::ZERO, |(_, units)| scale.kw(units));
            let (lo, hi) = (band.kw.times(low), band.kw.times(high));
            let excess = measured.minus(&hi).at_least_zero();
            let billed = if measured < lo {
                lo
            } else {
                measured.plus(excess.times(excess_factor))
            };
            let how = How::ContractedBand(Box::new(BandHow {
                contracted: band.kw.clone(),
                low: low.clone(),
                high: high.clone(),
                excess_factor: excess_factor.clone(),
                measured,
                at: best.map(|(at, _)| at),
                among: self.window.told(scene, Some(band.hours.clone())),
                rate: band.rate_per_kw_day.clone(),
                days: scene.days.len(),
            }));
            band.line(scene, billed, how)
        });
        Ok(lines.collect())
    }

    /// By the rule `root_sum_square`.
    fn by_squares(
        &self,
        scene: &Scene<'_>,
        excess_id: &str,
        rate: &Exact,
    ) -> Result<Vec<Draft>, RatingError> {
        let windows = self.window.over(scene)?;
        let scale = windows.scale();
        let mut picker = scene.picker();
        let excesses = self.bands.iter().map(|band| Excess::above(scale.units(&band.kw)));
        let mut excesses: Vec<Excess> = excesses.collect();
        windows.each(|at, units| {
            if let Some(excess) = picker(at).and_then(|pick| excesses.get_mut(pick)) {
                excess.add(units);
            }
        });
        let kw_of_one = scale.kw(1);
        let mut lines = Vec::new();
        for (band, excess) in self.bands.iter().zip(excesses) {
            let squares = excess.squares().times(&kw_of_one).times(&kw_of_one);
            let how = How::ContractedFee {
                rate: band.rate_per_kw_day.clone(),
                days: scene.days.len(),
            };
            lines.push(band.line(scene, band.kw.clone(), how));
            let kw = squares.root();
            let how = How::ContractedExcess(Box::new(ExcessHow {
                contracted: band.kw.clone(),
                windows: excess.windows,
                among: self.window.told(scene, Some(band.hours.clone())),
                squares,
            }));
            let line = Draft::priced(kw, Unit::Kilowatts, rate, how);
            lines.push(Draft {
                other_id: Some(excess_id.to_owned()),
                ..line.with_suffix(Some(&band.name))
            });
        }
        Ok(lines)
    }
}

/// Each with when it counts.
fn with_hours(mut bands: Vec<Band>) -> Vec<Band> {
    let rules = bands.iter().map(|band| (band.name.as_str(), band.when.clone()));
    let hours = Hours::of_bands(rules);
    for (band, hours) in bands.iter_mut().zip(hours) {
        band.hours = hours;
    }
    bands
}

impl Band {
    fn read(at: &At<'_>, ruled: bool, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let name = fields
            .need("name", problems)
            .and_then(|at| read_name(&at, problems));
        let kw = fields
            .need("contracted_kw", problems)
            .and_then(|at| at.number_from_zero(problems));
        let rate = fields.number("rate_per_kw_day", problems);
        let when = When::of_band(ruled, &mut fields, problems);
        fields.finish(problems);
        Some(Self {
            name: name?,
            kw: kw?,
            rate_per_kw_day: rate?,
            when: when?,
            hours: Hours::default(),
        })
    }

    /// kW x rate x days.
    fn line(&self, scene: &Scene<'_>, kw: Exact, how: How) -> Draft {
        let days = Exact::count(scene.days.len());
        let exact = kw.times(&self.rate_per_kw_day).times(days);
        Draft::of(kw, Unit::Kilowatts, exact, how).with_suffix(Some(&self.name))
    }
}

impl Rule {
    fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let at = fields.need("rule", problems);
        let name = at.as_ref().and_then(|at| at.text(problems));
        match name.unwrap_or_default() {
            "band" => {
                let mut percent =
                    |key, problems: &mut Problems| fields.number(key, problems)?.over(Exact::whole(100));
                let low = percent("low_percent", problems);
                let high = percent("high_percent", problems);
                let excess_factor = fields.number("excess_factor", problems);
                Some(Self::Band {
                    low: low?,
                    high: high?,
                    excess_factor: excess_factor?,
                })
            }
            "root_sum_square" => {
                let excess_id = fields
                    .need("excess_id", problems)
                    .and_then(|at| read_name(&at, problems));
                let excess_rate = fields.number("excess_rate", problems);
                Some(Self::RootSumSquare {
                    excess_id: excess_id?,
                    excess_rate: excess_rate?,
                })
            }
            _ => {
                // Which of these keys belong here is not known.
                for key in [
                    "low_percent",
                    "high_percent",
                    "excess_factor",
                    "excess_id",
                    "excess_rate",
                ] {
                    fields.get(key);
                }
                at.filter(|_| name.is_some())?
                    .wrong(problems, "must be band or root_sum_square")
            }
        }
    }
}

impl Pricing for Contracted {
    fn pick(&self, day: NaiveDate, minute: u32, calendar: &Calendar) -> usize {
        let takes = |band: &Band| {
            band.when
                .as_ref()
                .is_none_or(|when| when.holds(day, minute, calendar))
        };
        self.bands.iter().position(takes).unwrap_or_default()
    }

    fn edges(&self, calendar: &Calendar) -> Vec<u32> {
        let rules = self.bands.iter().filter_map(|band| band.when.as_ref());
        rules.flat_map(|when| when.edges(calendar)).collect()
    }

    fn bands(&self) -> Vec<BandRule<'_>> {
        let rules = self.bands.iter().map(|band| BandRule {
            name: &band.name,
            when: band.when.as_ref(),
        });
        rules.collect()
    }

    fn suffixes(&self) -> Vec<String> {
        self.bands.iter().map(|band| band.name.clone()).collect()
    }

    fn other_ids(&self) -> Vec<String> {
        match &self.rule {
            Rule::Band { .. } => Vec::new(),
            Rule::RootSumSquare { excess_id, .. } => vec![excess_id.clone()],
        }
    }

    fn lines(&self, scene: &Scene<'_>, _: &mut Carried) -> Result<Vec<Draft>, RatingError> {
        match &self.rule {
            Rule::Band {
                low,
                high,
                excess_factor,
            } => self.by_band(scene, (low, high, excess_factor)),
            Rule::RootSumSquare {
                excess_id,
                excess_rate,
            } => self.by_squares(scene, excess_id, excess_rate),
        }
    }
}
