//! Cyclic curves through a table of points.

/// A curve over a day of 24 points, one in the middle of each hour.
pub(crate) fn over_day(points: &[f64; 24], hour: f64) -> f64 {
    between(points, hour - 0.5)
}

/// A curve over a year of 12 points, one in the middle of each month.
pub(crate) fn over_year(points: &[f64; 12], month: f64) -> f64 {
    between(points, month - 0.5)
}

/// The straight line between the neighbours of `position`; the last point's neighbour is the first.
fn between(points: &[f64], position: f64) -> f64 {
    let floor = position.floor();
    let count = i64::try_from(points.len()).unwrap_or(1).max(1);
    let point = |index: i64| {
        let index = usize::try_from(index.rem_euclid(count)).unwrap_or_default();
        points.get(index).copied().unwrap_or_default()
    };
    let (left, right) = (point(floor as i64), point(floor as i64 + 1));
    left + (right - left) * (position - floor)
}
