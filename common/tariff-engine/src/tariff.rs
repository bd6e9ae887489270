//! A neutral tariff (`RATING` section 3) as it was read: all of it understood, or refused.

mod dated;
mod versions;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;
use sha2::{Digest, Sha256};

use crate::RatingError;
use crate::bill_charge::BillCharge;
use crate::charge::Charge;
use crate::estimate::Estimation;
use crate::json::Node;
use crate::reader::{self, At, Fields, Problems};
use crate::rounding::Rounding;
use crate::statement::Register;
use crate::values::{self, Values};
use versions::MAX_CHARGES;
pub(crate) use versions::Version;

/// The number of the rules by which this crate computes. A change of any amount for the same input is a new number, and the older
/// rules stay.
pub const RATING_RULES: u32 = 1;

/// The line that settles bills on estimated reads (`RATING` 3.14): no charge may have its id.
pub(crate) const PREVIOUSLY_BILLED: &str = "previously_billed";

/// A tariff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tariff {
    pub(crate) currency: String,
    pub(crate) zone: Tz,
    pub(crate) holidays: BTreeSet<NaiveDate>,
    pub(crate) rounding: Rounding,
    pub(crate) versions: Vec<Version>,
    /// Lines carry the first day of their version.
    pub(crate) versioned: bool,
    pub(crate) bill_charges: Vec<BillCharge>,
    /// How missing intervals are estimated, if they may be (`RATING` 3.15).
    pub(crate) estimation: Option<Estimation>,
    /// Bills on estimated reads are settled by the next actual one (`RATING` 3.14).
    pub(crate) trueup: bool,
    /// Values that it calls by name.
    pub(crate) names: BTreeSet<String>,
    /// Names of the events that its rules and charges are about (`RATING` 3.13).
    pub(crate) events: BTreeSet<String>,
    node: Node,
    edition: Arc<str>,
    canonical: String,
}

/// The digits that stand for a value by name where it is not known.
const SAMPLE: &str = "1";

impl Tariff {
    /// Reads a tariff.
    ///
    /// # Errors
    /// [`Problems`]: everything that is wrong with it or not supported, each with its path.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let node = reader::node(text)?;
        let names = values::names(&node);
        let mut problems = if names.is_empty() {
            Problems::default()
        } else {
            Problems::with_open_values() // what depends on values by name is judged when they are known
        };
        let sample = values::replaced(&node, &mut |_| Some(SAMPLE.to_owned()));
        let tariff = sample.ok().and_then(|sample| {
            let tariff = Self::read(&At::root(&sample), &mut problems)?.of_text(node, names);
            dated::check(&tariff, &mut problems);
            Some(tariff)
        });
        match tariff {
            Some(tariff) if problems.all().is_empty() => Ok(tariff),
            _ => Err(problems),
        }
    }

    fn of_text(self, node: Node, names: BTreeSet<String>) -> Self {
        let canonical = node.canonical();
        Self {
            names,
            events: node.texts_of("event"),
            edition: hex(&Sha256::digest(canonical.as_bytes())).into(),
            canonical,
            node,
            ..self
        }
    }

    /// The text with a sample for every value by name that only other versions call.
    pub(crate) fn text_of(&self, version: &Version) -> Node {
        let Node::Object(pairs) = &self.node else {
            return self.node.clone();
        };
        let one = |(place, node): (usize, &Node)| {
            if place == version.place {
                return node.clone();
            }
            let sample = values::replaced(node, &mut |_| Some(SAMPLE.to_owned()));
            sample.unwrap_or_else(|_| node.clone())
        };
        let pair = |(key, node): &(String, Node)| match node {
            Node::List(versions) if key == "versions" => {
                let versions = versions.iter().enumerate().map(one);
                (key.clone(), Node::List(versions.collect()))
            }
            Node::List(_)
            | Node::Null
            | Node::Bool(_)
            | Node::Number(_)
            | Node::Text(_)
            | Node::Object(_) => (key.clone(), node.clone()),
        };
        Node::Object(pairs.iter().map(pair).collect())
    }

    /// A charge of a version as it is written, with its values by name.
    pub(crate) fn written(&self, version: &Version, charge: usize) -> Option<&Node> {
        let holder = if self.versioned {
            self.node.get("versions")?.item(version.place)?
        } else {
            &self.node
        };
        holder.get("charges")?.item(charge)
    }

    /// The first days of its versions, in order; nothing where it has none.
    pub(crate) fn starts(&self) -> Vec<Option<NaiveDate>> {
        let versions = self.versions.iter().filter(|_| self.versioned);
        versions.map(|version| version.from).collect()
    }

    /// The tariff with the values of a day, for one of its versions, by its [text](Self::text_of).
    pub(crate) fn filled(
        &self,
        text: &Node,
        version: &Version,
        (values, day): (&Values, NaiveDate),
    ) -> Result<Self, RatingError> {
        let mut value = |name: &str| values.on(name, day).map(str::to_owned);
        let node =
            values::replaced(text, &mut value).map_err(|name| RatingError::ValueMissing { name, day })?;
        let mut problems = Problems::default();
        let filled = Self::read(&At::root(&node), &mut problems);
        if self.versioned {
            let mine = format!("versions[{}]", version.place);
            problems.retain(|path| path.starts_with(&mine) || !path.starts_with("versions["));
        }
        let wrong = || RatingError::ValueWrong {
            problems: problems.to_string(),
        };
        let filled = filled.filter(|_| problems.all().is_empty()).ok_or_else(wrong)?;
        Ok(Self {
            edition: Arc::clone(&self.edition),
            canonical: self.canonical.clone(),
            events: self.events.clone(),
            ..filled
        })
    }

    fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let currency = fields
            .need("currency", problems)
            .and_then(|at| read_currency(&at, problems));
        let zone = read_zone(&mut fields, problems);
        let holidays = fields
            .maybe("holidays", problems, read_dates)
            .map(Option::unwrap_or_default);
        let rounding = fields
            .need("rounding", problems)
            .and_then(|at| Rounding::read(&at, problems));
        let estimation = fields.maybe("estimation", problems, Estimation::read);
        let trueup = fields.maybe("estimated_reads", problems, read_trueup);
        let mut names = BTreeSet::new();
        let versions = versions::read(&mut fields, &mut names, problems);
        names.insert(PREVIOUSLY_BILLED.to_owned());
        let bill_charges = fields.get("bill_charges").map_or(Some(Vec::new()), |at| {
            let items = at.list(problems)?;
            problems.judge(&at.path, items.len() <= MAX_CHARGES, "are more than 100");
            let charges: Vec<_> = items
                .iter()
                .map(|at| BillCharge::read(at, &mut names, problems))
                .collect();
            charges.into_iter().collect()
        });
        for key in ["name", "id"] {
            fields.maybe(key, problems, |at, problems| at.text(problems).map(drop));
        }
        fields.finish(problems);
        let (versions, versioned) = versions?;
        Some(Self {
            currency: currency?,
            zone: zone?,
            holidays: holidays?,
            rounding: rounding?,
            versions,
            versioned,
            bill_charges: bill_charges?,
            estimation: estimation?,
            trueup: trueup?.unwrap_or(false),
            names: BTreeSet::new(),
            events: BTreeSet::new(),
            node: Node::Null,
            edition: "".into(),
            canonical: String::new(),
        })
    }

    /// The edition: SHA-256 of the canonical text, in hexadecimal. Texts that differ only in spaces and the order of keys are one.
    #[must_use]
    pub fn edition(&self) -> &str {
        &self.edition
    }

    pub(crate) fn edition_arc(&self) -> Arc<str> {
        Arc::clone(&self.edition)
    }

    /// The text with sorted keys and no spaces; numbers with the digits as written.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// ISO 4217.
    #[must_use]
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// Whose clock its rules mean.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Where it rounds.
    #[must_use]
    pub fn rounding(&self) -> Rounding {
        self.rounding
    }

    /// The names of the values that it calls (`RATING` 3.17).
    pub fn value_names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The registers whose intervals its charges need, in any version.
    #[must_use]
    pub fn registers(&self) -> BTreeSet<Register> {
        self.versions
            .iter()
            .flat_map(|version| &version.charges)
            .flat_map(Charge::registers)
            .chain(self.bill_charges.iter().filter_map(BillCharge::register).cloned())
            .collect()
    }
}

fn read_currency(at: &At<'_>, problems: &mut Problems) -> Option<String> {
    let text = at.text(problems)?;
    if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Some(text.to_owned());
    }
    at.wrong_as(
        "CURRENCY_UNKNOWN",
        problems,
        "must be three capital letters (ISO 4217)",
    )
}

/// Zones that have kept an offset of broken hours since 1986, without summer time.
const BROKEN_HOURS: [(&str, Tz); 6] = [
    ("-9.5", Tz::Pacific__Marquesas),
    ("4.5", Tz::Asia__Kabul),
    ("5.5", Tz::Asia__Kolkata),
    ("5.75", Tz::Asia__Kathmandu),
    ("6.5", Tz::Asia__Yangon),
    ("9.5", Tz::Australia__Darwin),
];

/// An IANA zone, or a fixed one.
fn read_zone(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Tz> {
    let path = fields.path_of("timezone");
    match (fields.get("timezone"), fields.get("utc_offset_hours")) {
        (Some(at), None) => at
            .text(problems)?
            .parse()
            .ok()
            .or_else(|| at.wrong_as("ZONE_UNKNOWN", problems, "must be an IANA time zone")),
        (None, Some(at)) => {
            let number = at.number(problems)?;
            // The names of these zones count the other way round.
            let name = (number.to_whole()).map(|hours| format!("Etc/GMT{:+}", hours.saturating_neg()));
            let whole = name.and_then(|name| name.parse().ok());
            let shown = number.to_string();
            let broken = BROKEN_HOURS.iter().find(|(hours, _)| *hours == shown);
            whole.or(broken.map(|(_, zone)| *zone)).or_else(|| {
                at.wrong(
                    problems,
                    "must be whole hours from -12 to 14, or -9.5, 4.5, 5.5, 5.75, 6.5 or 9.5",
                )
            })
        }
        _ => {
            problems.add(&path, "must have either timezone or utc_offset_hours");
            None
        }
    }
}

/// `trueup`, or `difference`.
pub(crate) fn read_trueup(at: &At<'_>, problems: &mut Problems) -> Option<bool> {
    match at.text(problems)? {
        "trueup" => Some(true),
        "difference" => Some(false),
        _ => at.wrong(problems, "must be trueup or difference"),
    }
}

fn read_dates(at: &At<'_>, problems: &mut Problems) -> Option<BTreeSet<NaiveDate>> {
    let dates: Vec<_> = at.list(problems)?.iter().map(|at| at.date(problems)).collect();
    dates.into_iter().collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
