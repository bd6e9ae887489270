//! Pages of lists: every answer is bounded, and a cursor says where the next one begins.

/// As many items as an answer has, when the request says nothing.
pub(super) const USUAL: u32 = 100;
/// At most as many.
pub(super) const MOST: u32 = 1000;

/// The limit of a request: 0 = the usual.
pub(super) fn limit(asked: u32, usual: u32, most: u32) -> usize {
    let limit = if asked == 0 { usual } else { asked.min(most) };
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// A cursor, unless it is empty.
pub(super) fn after(cursor: &str) -> Option<&str> {
    (!cursor.is_empty()).then_some(cursor)
}

/// Cuts a list that was fetched with one item more than `limit`, and names the last item left if something follows.
pub(super) fn cut<T>(items: &mut Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Option<String> {
    if items.len() <= limit {
        return None;
    }
    items.truncate(limit);
    items.last().map(cursor)
}
