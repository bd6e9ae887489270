//! Dates, and the wall clock of Berlin with its rule written out: summer time from the last Sunday of March to the last Sunday of
//! October, both at 01:00 UTC (directive 2000/84/EC).

/// A date of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Civil {
    /// Year.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
}

impl Civil {
    /// A date.
    #[must_use]
    pub fn new(year: i64, month: i64, day: i64) -> Self {
        Self { year, month, day }
    }

    /// Days since 1970-01-01, counted year by year and month by month.
    #[must_use]
    pub fn days(self) -> i64 {
        let years: i64 = (1970..self.year)
            .map(|year| if leap(year) { 366 } else { 365 })
            .sum();
        let months: i64 = (1..self.month).map(|month| month_days(self.year, month)).sum();
        years + months + self.day - 1
    }

    /// The date so many days after 1970-01-01.
    #[must_use]
    pub fn from_days(mut days: i64) -> Self {
        let mut year = 1970;
        while days >= if leap(year) { 366 } else { 365 } {
            days -= if leap(year) { 366 } else { 365 };
            year += 1;
        }
        let mut month = 1;
        while days >= month_days(year, month) {
            days -= month_days(year, month);
            month += 1;
        }
        Self {
            year,
            month,
            day: days + 1,
        }
    }

    /// 0 = Monday; 1970-01-01 was a Thursday.
    #[must_use]
    pub fn weekday(self) -> u32 {
        u32::try_from((self.days() + 3) % 7).unwrap_or(0)
    }

    /// 28 to 31.
    #[must_use]
    pub fn days_of_month(self) -> u32 {
        u32::try_from(month_days(self.year, self.month)).unwrap_or(0)
    }

    /// The first of the next month.
    #[must_use]
    pub fn next_month(self) -> Self {
        if self.month == 12 {
            Self::new(self.year + 1, 1, 1)
        } else {
            Self::new(self.year, self.month + 1, 1)
        }
    }
}

impl std::fmt::Display for Civil {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

fn leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_days(year: i64, month: i64) -> i64 {
    match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Berlin's clock; minutes are since 1970 UTC.
pub mod berlin {
    use super::Civil;

    const DAY: i64 = 24 * 60;
    const HOUR: i64 = 60;

    /// Minutes that the clock is ahead of UTC.
    #[must_use]
    pub fn ahead(minute: i64) -> i64 {
        let year = Civil::from_days(minute.div_euclid(DAY)).year;
        let summer = change(year, 3)..change(year, 10);
        if summer.contains(&minute) { 2 * HOUR } else { HOUR }
    }

    fn change(year: i64, month: i64) -> i64 {
        let last = Civil::new(year, month, 31);
        let sunday = last.days() - i64::from((last.weekday() + 1) % 7);
        sunday * DAY + HOUR
    }

    /// Local date and minutes since its midnight by the clock.
    #[must_use]
    pub fn wall_clock(minute: i64) -> (Civil, u32) {
        let local = minute + ahead(minute);
        (
            Civil::from_days(local.div_euclid(DAY)),
            u32::try_from(local.rem_euclid(DAY)).unwrap_or(0),
        )
    }

    /// The first minute of a local date; no clock change touches midnight there.
    #[must_use]
    pub fn midnight(date: Civil) -> i64 {
        let guess = date.days() * DAY;
        let winter = guess - HOUR;
        if ahead(winter) == HOUR {
            winter
        } else {
            guess - 2 * HOUR
        }
    }
}
