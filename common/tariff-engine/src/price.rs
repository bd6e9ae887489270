//! Prices that change with time (`RATING` 1.6).

use crate::RatingError;
use crate::exact::Exact;
use crate::instant;
use crate::load;

/// A series of prices at one distance. Several columns where a file has several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prices {
    starts: Vec<i64>,
    step_ms: i64,
    /// In 10^-`places` of the unit of the file.
    columns: Vec<(String, Vec<i128>)>,
    places: u32,
}

/// The most decimal places a price may have.
const MAX_PLACES: u32 = 15;

impl Prices {
    /// Reads a file with the columns `start_utc` and `names`.
    ///
    /// # Errors
    /// A sentence with the line that cannot be read.
    pub fn parse(text: &str, names: &[&str]) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text.lines();
        let header: Vec<&str> = lines
            .next()
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .collect();
        let position = |name: &str| {
            let found = header.iter().position(|title| *title == name);
            found.ok_or_else(|| format!("there is no column {name}"))
        };
        let start = position("start_utc")?;
        let wanted = names
            .iter()
            .map(|name| position(name))
            .collect::<Result<Vec<_>, _>>()?;
        for (index, title) in header.iter().enumerate() {
            if header.iter().take(index).any(|earlier| earlier == title) {
                return Err(format!("column {title} comes twice"));
            }
            if index != start && !wanted.contains(&index) {
                return Err(format!("column {title:?} is not known"));
            }
        }
        let mut starts: Vec<i64> = Vec::new();
        let mut rows: Vec<Vec<Exact>> = Vec::new();
        for (line, number) in lines.zip(2_u32..) {
            if line.trim().is_empty() {
                continue;
            }
            let cells: Vec<&str> = line.split(',').map(str::trim).collect();
            load::as_wide(cells.len(), header.len()).map_err(|wrong| format!("line {number}: {wrong}"))?;
            let cell = |index: usize| cells.get(index).copied().unwrap_or_default();
            if wanted.iter().any(|index| cell(*index).is_empty()) {
                continue; // a missing price, which is an error only where it is needed
            }
            let at = instant::parse(cell(start));
            let at = at.filter(|at| starts.last().is_none_or(|last| last < at));
            let prices = wanted.iter().map(|index| cell(*index).parse::<Exact>().ok());
            match (at, prices.collect::<Option<Vec<_>>>()) {
                (Some(at), Some(prices)) => {
                    starts.push(at);
                    rows.push(prices);
                }
                (None, _) => return Err(format!("line {number}: no time after the one before")),
                (_, None) => return Err(format!("line {number}: no price")),
            }
        }
        Self::scaled(starts, &rows, names)
    }

    fn scaled(starts: Vec<i64>, rows: &[Vec<Exact>], names: &[&str]) -> Result<Self, String> {
        let spacing = |pair: &[i64]| match pair {
            [a, b] => b.checked_sub(*a),
            _ => None,
        };
        let step_ms = starts.windows(2).filter_map(spacing).min();
        let step_ms = step_ms.ok_or("two prices at least say how long each holds")?;
        let whole = |places: u32| {
            let scale = Exact::whole(10_i128.checked_pow(places)?);
            let row = |row: &Vec<Exact>| row.iter().map(|price| price.times(&scale).to_whole()).collect();
            rows.iter().map(row).collect::<Option<Vec<Vec<i128>>>>()
        };
        let found = (0..=MAX_PLACES).find_map(|places| Some((places, whole(places)?)));
        let (places, rows) = found.ok_or_else(|| format!("a price has more than {MAX_PLACES} places"))?;
        let column = |(index, name): (usize, &&str)| {
            let values = rows.iter().filter_map(|row| row.get(index).copied());
            ((*name).to_owned(), values.collect())
        };
        Ok(Self {
            starts,
            step_ms,
            columns: names.iter().enumerate().map(column).collect(),
            places,
        })
    }

    /// The sum of value x price of its time over intervals (start, length, value), which come in order of time. The price of an
    /// interval is the time-weighted mean of the prices that it overlaps.
    ///
    /// # Errors
    /// [`RatingError::PriceMissing`] with the first instant that has none.
    pub(crate) fn weigh(
        &self,
        name: &str,
        intervals: impl Iterator<Item = (i64, i64, i64)>,
    ) -> Result<Exact, RatingError> {
        let prices = self.columns.iter().find(|(title, _)| title == name);
        let prices = prices.map_or(&[][..], |(_, prices)| prices);
        let mut sum = Sum::default();
        let mut first = 0_usize;
        for (start, length, value) in intervals {
            let end = start.saturating_add(length);
            while self.end(first).is_some_and(|end| end <= start) {
                first = first.saturating_add(1);
            }
            let (mut at, mut index, mut weighed) = (start, first, 0_i128);
            while at < end {
                let row = self.starts.get(index).zip(self.end(index)).zip(prices.get(index));
                let Some(((from, to), price)) = row.filter(|((from, _), _)| **from <= at) else {
                    return Err(RatingError::PriceMissing { at_ms: at });
                };
                let to = to.min(end);
                debug_assert!(*from <= at && at < to);
                let part = i128::from(to.saturating_sub(at)).checked_mul(*price);
                weighed = part
                    .and_then(|part| weighed.checked_add(part))
                    .ok_or(RatingError::Overflow)?;
                at = to;
                index = index.saturating_add(1);
            }
            sum.add(weighed, i128::from(value), i128::from(length));
        }
        let scale = 10_i128
            .checked_pow(self.places)
            .and_then(|scale| Exact::ratio(1, scale));
        Ok(sum.total().times(scale.ok_or(RatingError::Overflow)?))
    }

    fn end(&self, index: usize) -> Option<i64> {
        self.starts.get(index)?.checked_add(self.step_ms)
    }
}

/// A sum of products over one divisor at a time, kept in integers as long as they suffice.
#[derive(Default)]
struct Sum {
    done: Option<Exact>,
    open: i128,
    divisor: i128,
}

impl Sum {
    fn add(&mut self, a: i128, b: i128, divisor: i128) {
        let product = a.checked_mul(b);
        let sum = product.and_then(|product| self.open.checked_add(product));
        match sum.filter(|_| divisor == self.divisor) {
            Some(sum) => self.open = sum,
            None => {
                self.done = Some(self.total());
                (self.open, self.divisor) = (0, divisor);
                match product {
                    Some(product) => self.open = product,
                    None => {
                        let product = Exact::whole(a).times(Exact::whole(b)).over(Exact::whole(divisor));
                        self.done = Some(self.total().plus(product.unwrap_or(Exact::ZERO)));
                    }
                }
            }
        }
    }

    fn total(&self) -> Exact {
        let open = Exact::ratio(self.open, self.divisor.max(1)).unwrap_or(Exact::ZERO);
        self.done.as_ref().map_or(open.clone(), |done| done.plus(&open))
    }
}
