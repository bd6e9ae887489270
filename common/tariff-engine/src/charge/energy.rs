//! A price for every kilowatt-hour, one or by bands of time (`RATING` 3.3).

use chrono::NaiveDate;

use super::measure::{Measure, read_sign};
use super::{BandRule, Draft, Pricing, check_names, read_name};
use crate::RatingError;
use crate::carry::Carried;
use crate::event::Calendar;
use crate::exact::Exact;
use crate::how::How;
use crate::reader::{At, Fields, Problems};
use crate::rule::{Hours, When};
use crate::scene::Scene;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Energy {
    measure: Measure,
    /// In the order in which they are tested; the last one takes what is left.
    bands: Vec<Band>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Band {
    /// `None`: the charge has one price.
    name: Option<String>,
    /// With the charge's sign.
    rate: Exact,
    /// `None`: always.
    when: Option<When>,
    /// When it counts, the bands before it considered; `None` where the charge has one price.
    hours: Option<Hours>,
}

impl Energy {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let path = fields.path.clone();
        let measure = Measure::read(fields, problems);
        let sign = read_sign(fields, problems);
        let rate = fields.get("rate").map(|at| at.number(problems));
        let bands = fields
            .get("bands")
            .map(|at| at.several(problems, |at, problems| Band::read(at, true, problems)));
        let otherwise = fields.get("otherwise").map(|at| Band::read(&at, false, problems));
        let mut bands = match (rate, bands, otherwise) {
            (Some(rate), None, None) => vec![Band {
                name: None,
                rate: rate?,
                when: None,
                hours: None,
            }],
            (None, Some(bands), Some(otherwise)) => [bands?, vec![otherwise?]].concat(),
            _ => {
                problems.add_as("BAND_GAP", &path, "must have either rate, or bands and otherwise");
                return None;
            }
        };
        check_names(
            &path,
            bands.iter().filter_map(|band| band.name.as_ref()),
            problems,
        );
        let named = bands
            .iter()
            .filter_map(|band| Some((band.name.as_deref()?, band.when.clone())));
        let hours = Hours::of_bands(named);
        let sign = sign?;
        for band in &mut bands {
            band.rate = band.rate.times(&sign);
        }
        for (band, hours) in bands.iter_mut().zip(hours) {
            band.hours = Some(hours);
        }
        Some(Self {
            measure: measure?,
            bands,
        })
    }

    pub(crate) fn measure(&self) -> &Measure {
        &self.measure
    }

    /// The price of a kilowatt-hour in the band of a pick.
    pub(crate) fn rate(&self, pick: usize) -> Option<&Exact> {
        self.bands.get(pick).map(|band| &band.rate)
    }
}

impl Band {
    fn read(at: &At<'_>, ruled: bool, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let name = fields
            .need("name", problems)
            .and_then(|at| read_name(&at, problems));
        let rate = fields.number("rate", problems);
        let when = When::of_band(ruled, &mut fields, problems);
        fields.finish(problems);
        Some(Self {
            name: Some(name?),
            rate: rate?,
            when: when?,
            hours: None,
        })
    }
}

impl Pricing for Energy {
    fn measures(&self) -> Vec<Measure> {
        vec![self.measure.clone()]
    }

    fn takes_reads(&self) -> bool {
        self.bands.len() == 1
    }

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
        let named = self
            .bands
            .iter()
            .filter_map(|band| Some((band.name.as_deref()?, band)));
        named
            .map(|(name, band)| BandRule {
                name,
                when: band.when.as_ref(),
            })
            .collect()
    }

    fn suffix(&self, pick: usize) -> Option<&str> {
        self.bands.get(pick)?.name.as_deref()
    }

    fn suffixes(&self) -> Vec<String> {
        self.bands.iter().filter_map(|band| band.name.clone()).collect()
    }

    /// A band without intervals has no line; the only one has.
    fn lines(&self, scene: &Scene<'_>, _: &mut Carried) -> Result<Vec<Draft>, RatingError> {
        let mut lines = Vec::new();
        for (pick, band) in self.bands.iter().enumerate() {
            let mut sum = scene.sum_of(&self.measure, Some(pick))?;
            if band.name.is_some() && sum.mix.intervals == 0 {
                continue;
            }
            sum.hours.clone_from(&band.hours);
            let kwh = sum.kwh.clone();
            let line = Draft::priced(kwh, self.measure.register.unit(), &band.rate, How::Energy(sum));
            lines.push(line.with_suffix(band.name.as_deref()));
        }
        Ok(lines)
    }
}
