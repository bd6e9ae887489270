//! Pages of lists: every answer is bounded, and a cursor says where the next one begins.
//!
//! A cursor is the id of the last item given, behind eight hexadecimal digits that follow from the list and the id: so that what is no
//! cursor, or one of another list, is refused instead of answered with a page that means nothing. It is no secret and no signature.

use sha2::{Digest, Sha256};

use crate::error::Error;

/// As many items as an answer has, when the request says nothing.
pub(super) const USUAL: u32 = 100;
/// At most as many.
pub(super) const MOST: u32 = 1000;
/// Digits before the id.
const DIGITS: usize = 8;

/// The limit of a request: 0 = the usual.
pub(super) fn limit(asked: u32, usual: u32, most: u32) -> usize {
    let limit = if asked == 0 { usual } else { asked.min(most) };
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// The cursor of `list` after the item `id`.
pub(super) fn cursor(list: &str, id: &str) -> String {
    let digest = Sha256::digest(format!("{list}|{id}"));
    let digits = digest.iter().take(DIGITS / 2);
    let mut text: String = digits.map(|byte| format!("{byte:02x}")).collect();
    text.push_str(id);
    text
}

/// The id in a cursor of `list`; none in an empty one.
///
/// # Errors
/// [`Error::Invalid`] with `BAD_CURSOR`: this list never gave it.
pub(super) fn after<'a>(list: &str, given: &'a str) -> Result<Option<&'a str>, Error> {
    if given.is_empty() {
        return Ok(None);
    }
    let id = given.get(DIGITS..).filter(|id| cursor(list, id) == given);
    id.map(Some).ok_or_else(bad_cursor)
}

/// That a cursor is none.
pub(super) fn bad_cursor() -> Error {
    Error::Invalid {
        reason: "BAD_CURSOR",
        message: "the cursor is not one of this list".to_owned(),
    }
}

/// Cuts a list that was fetched with one item more than `limit`, and gives the cursor after the last item left if something follows.
pub(super) fn cut<T>(
    list: &str,
    items: &mut Vec<T>,
    limit: usize,
    id: impl Fn(&T) -> String,
) -> Option<String> {
    if items.len() <= limit {
        return None;
    }
    items.truncate(limit);
    items.last().map(|last| cursor(list, &id(last)))
}

#[cfg(test)]
mod tests;
