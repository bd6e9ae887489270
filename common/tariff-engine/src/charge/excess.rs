//! What of many windows of power lies above a limit, squared and added (`RATING` 3.9).

use crate::exact::Exact;

/// Windows above a limit, added up as integers as long as they suffice: a year has many windows.
pub(super) struct Excess {
    /// In units of the windows.
    limit: Exact,
    /// The limit rounded down, which decides: units are whole.
    whole_limit: i128,
    pub(super) windows: usize,
    sum: Exact,
    open_sum: i128,
    /// Of the windows' own energy, not of what exceeds the limit.
    square_sum: Exact,
    open_square_sum: i128,
}

impl Excess {
    pub(super) fn above(limit: Exact) -> Self {
        let beyond = if limit.is_negative() { i128::MIN } else { i128::MAX };
        let whole = limit.negated().rounded_up().to_whole();
        Self {
            whole_limit: whole.map_or(beyond, i128::saturating_neg),
            limit,
            windows: 0,
            sum: Exact::ZERO,
            open_sum: 0,
            square_sum: Exact::ZERO,
            open_square_sum: 0,
        }
    }

    pub(super) fn add(&mut self, units: i128) {
        if units <= self.whole_limit {
            return;
        }
        self.windows = self.windows.saturating_add(1);
        match self.open_sum.checked_add(units) {
            Some(sum) => self.open_sum = sum,
            None => self.sum = self.sum.plus(Exact::whole(units)),
        }
        let square = units.checked_mul(units);
        match square.and_then(|square| self.open_square_sum.checked_add(square)) {
            Some(sum) => self.open_square_sum = sum,
            None => {
                self.square_sum = self
                    .square_sum
                    .plus(Exact::whole(units).times(Exact::whole(units)))
            }
        }
    }

    /// The sum of (u - limit)^2, which is that of u^2 less twice the limit for every u, and the limit's square for every window.
    pub(super) fn squares(&self) -> Exact {
        let sum = self.sum.plus(Exact::whole(self.open_sum));
        let squares = self.square_sum.plus(Exact::whole(self.open_square_sum));
        let twice = sum.times(&self.limit).times(Exact::whole(2));
        let each = self.limit.times(&self.limit).times(Exact::count(self.windows));
        squares.minus(twice).plus(each)
    }
}
