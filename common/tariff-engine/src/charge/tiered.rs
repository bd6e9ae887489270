//! Prices by how much is used (`RATING` 3.5).

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use super::measure::{Measure, read_sign};
use super::{Draft, Pricing, check_names, read_name};
use crate::RatingError;
use crate::carry::Carried;
use crate::event::Calendar;
use crate::exact::Exact;
use crate::how::{How, Source, TierPart, TiersHow};
use crate::reader::{At, Fields, Problems};
use crate::rule::{Hours, When, read_month};
use crate::scene::Scene;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tiered {
    measure: Measure,
    mode: Mode,
    allowance: Allowance,
    /// One without name and months where the charge has no seasons.
    seasons: Vec<Season>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Each part of the quantity has the price of its tier.
    Graduated,
    /// All of it has the price of the tier that it reaches.
    Volume,
}

/// What the limits are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Allowance {
    Cycle,
    Per30Days,
    PerDay,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Season {
    name: Option<String>,
    /// `None` = all.
    months: Option<Arc<[u32]>>,
    /// The same, as a line tells of it.
    hours: Option<Hours>,
    tiers: Vec<Tier>,
}

/// With the charge's sign in its rate.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tier {
    /// Inclusive; `None` = no limit.
    up_to: Option<Exact>,
    rate: Exact,
}

impl Tiered {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let path = fields.path.clone();
        let measure = Measure::read(fields, problems);
        let sign = read_sign(fields, problems);
        let mode = fields.maybe("mode", problems, |at, problems| {
            Some(match at.text(problems)? {
                "graduated" => Mode::Graduated,
                "volume" => Mode::Volume,
                _ => return at.wrong(problems, "must be graduated or volume"),
            })
        });
        let allowance = fields.maybe("allowance", problems, |at, problems| {
            Some(match at.text(problems)? {
                "cycle" => Allowance::Cycle,
                "per_30_days" => Allowance::Per30Days,
                "per_day" => Allowance::PerDay,
                _ => return at.wrong(problems, "must be cycle, per_30_days or per_day"),
            })
        });
        let tiers = fields.get("tiers").map(|at| read_tiers(&at, problems));
        let seasons = fields.get("seasons").map(|at| at.several(problems, Season::read));
        let mut seasons = match (tiers, seasons) {
            (Some(tiers), None) => vec![Season {
                name: None,
                months: None,
                hours: None,
                tiers: tiers?,
            }],
            (None, Some(seasons)) => seasons?,
            _ => {
                problems.add(&path, "must have either tiers or seasons");
                return None;
            }
        };
        check_names(
            &path,
            seasons.iter().filter_map(|season| season.name.as_ref()),
            problems,
        );
        for month in 1..=12 {
            let count = seasons.iter().filter(|season| season.has(month)).count();
            let code = if count == 0 {
                "SEASON_GAP"
            } else {
                "SEASON_OVERLAP"
            };
            let reason = format!("month {month} is in {count} seasons");
            problems.judge_as(code, &path, count == 1, &reason);
        }
        let sign = sign?;
        for tier in seasons.iter_mut().flat_map(|season| &mut season.tiers) {
            tier.rate = tier.rate.times(&sign);
        }
        Some(Self {
            measure: measure?,
            mode: mode?.unwrap_or(Mode::Graduated),
            allowance: allowance?.unwrap_or(Allowance::Cycle),
            seasons,
        })
    }

    fn limit(&self, tier: &Tier, days: &Exact) -> Option<Exact> {
        let up_to = tier.up_to.as_ref()?;
        match self.allowance {
            Allowance::Cycle => Some(up_to.clone()),
            Allowance::PerDay => Some(up_to.times(days)),
            Allowance::Per30Days => up_to.times(days).over(Exact::whole(30)),
        }
    }

    /// How much falls into which tier.
    fn parts(&self, season: &Season, quantity: &Exact, days: &Exact) -> Vec<TierPart> {
        let mut parts = Vec::new();
        let mut below = Exact::ZERO;
        for tier in &season.tiers {
            let limit = self.limit(tier, days);
            let inside = limit.as_ref().is_none_or(|limit| quantity <= limit);
            let kwh = match (self.mode, &limit) {
                (Mode::Volume, _) if inside => quantity.clone(),
                (Mode::Volume, _) => Exact::ZERO,
                (Mode::Graduated, Some(limit)) if !inside => limit.minus(&below),
                (Mode::Graduated, _) => quantity.minus(&below),
            };
            if let Some(limit) = &limit {
                below = limit.clone();
            }
            parts.push(TierPart {
                kwh,
                up_to: tier.up_to.clone(),
                limit,
                rate: tier.rate.clone(),
            });
            if inside {
                break;
            }
        }
        parts
    }

    fn line(&self, season: &Season, source: Source, days: usize) -> Draft {
        let quantity = source.kwh.clone();
        let parts = self.parts(season, &quantity, &Exact::count(days));
        let exact = Exact::sum(parts.iter().map(|part| part.kwh.times(&part.rate)));
        let how = How::Tiers(Box::new(TiersHow {
            source,
            by_volume: self.mode == Mode::Volume,
            allowance: self.allowance.name(),
            days,
            months: season.months.clone(),
            parts,
        }));
        Draft::of(quantity, self.measure.register.unit(), exact, how).with_suffix(season.name.as_deref())
    }
}

impl Allowance {
    /// The word in tariffs.
    const fn name(self) -> &'static str {
        match self {
            Self::Cycle => "cycle",
            Self::Per30Days => "per_30_days",
            Self::PerDay => "per_day",
        }
    }
}

impl Season {
    fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let name = fields
            .need("name", problems)
            .and_then(|at| read_name(&at, problems));
        let months = fields
            .need("months", problems)
            .and_then(|at| at.several(problems, read_month));
        let tiers = fields
            .need("tiers", problems)
            .and_then(|at| read_tiers(&at, problems));
        fields.finish(problems);
        let months = months?;
        Some(Self {
            name: Some(name?),
            hours: Some(Hours::of(Some(When::of_months(months.clone())))),
            months: Some(months.into()),
            tiers: tiers?,
        })
    }

    fn has(&self, month: u32) -> bool {
        self.months.as_ref().is_none_or(|months| months.contains(&month))
    }
}

fn read_tiers(at: &At<'_>, problems: &mut Problems) -> Option<Vec<Tier>> {
    let tiers = at.several(problems, |at, problems| {
        let mut fields = at.object(problems)?;
        let up_to = fields.maybe("up_to", problems, |at, problems| at.number(problems));
        let rate = fields.number("rate", problems);
        fields.finish(problems);
        Some(Tier {
            up_to: up_to?,
            rate: rate?,
        })
    })?;
    check_limits(at, tiers.iter().map(|tier| tier.up_to.as_ref()), problems);
    if tiers.last().is_some_and(|tier| tier.up_to.is_some()) {
        problems.add_as(
            "TIER_GAP",
            &at.path,
            "the last limit must be null: nothing may be left without a price",
        );
    }
    Some(tiers)
}

/// Limits must ascend, and only the last may be open.
pub(super) fn check_limits<'a>(
    at: &At<'_>,
    limits: impl Iterator<Item = Option<&'a Exact>>,
    problems: &mut Problems,
) {
    let limits: Vec<_> = limits.collect();
    let Some((_, others)) = limits.split_last() else {
        return;
    };
    if others.iter().any(Option::is_none) {
        problems.add_as("TIER_UNREACHABLE", &at.path, "only the last limit may be null");
    }
    let given = || limits.iter().flatten();
    let good = given().zip(given().skip(1)).all(|(a, b)| a < b);
    let positive = given().all(|limit| !limit.is_negative());
    let reason = "limits must ascend from 0";
    problems.judge_as("TIERS_NOT_ASCENDING", &at.path, good && positive, reason);
}

impl Pricing for Tiered {
    fn measures(&self) -> Vec<Measure> {
        vec![self.measure.clone()]
    }

    fn limits_a_cycle(&self) -> bool {
        self.allowance == Allowance::Cycle && self.seasons.iter().any(|season| season.tiers.len() > 1)
    }

    fn takes_reads(&self) -> bool {
        true
    }

    fn pick(&self, day: NaiveDate, _: u32, _: &Calendar) -> usize {
        let takes = |season: &Season| season.has(day.month());
        self.seasons.iter().position(takes).unwrap_or_default()
    }

    fn suffix(&self, pick: usize) -> Option<&str> {
        self.seasons.get(pick)?.name.as_deref()
    }

    fn suffixes(&self) -> Vec<String> {
        let names = self.seasons.iter().filter_map(|season| season.name.clone());
        names.collect()
    }

    /// A season has its own days, energy and limits; one without days and energy has no line.
    fn lines(&self, scene: &Scene<'_>, _: &mut Carried) -> Result<Vec<Draft>, RatingError> {
        let mut lines = Vec::new();
        for (pick, season) in self.seasons.iter().enumerate() {
            let days = scene.days.iter().filter(|day| season.has(day.month())).count();
            let mut sum = scene.sum_of(&self.measure, Some(pick))?;
            sum.hours.clone_from(&season.hours);
            if season.name.is_none() || days > 0 || sum.mix.intervals > 0 {
                lines.push(self.line(season, sum, days));
            }
        }
        Ok(lines)
    }
}
