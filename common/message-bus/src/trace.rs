//! Which readings of a message belong to a call that is traced. The bus carries it beside the body and never acts on it.

/// A part of a message, and where its trace stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    /// A W3C `traceparent`: what happens to the part from here on is below this span.
    pub parent: String,
    /// The first row of the part, counted from 0.
    pub first: u32,
    /// How many rows.
    pub rows: u32,
}

/// At most so many parts of a message are carried; the traces of others end where the message was published.
pub const MAX_TRACED: usize = 8;

/// The parts as one text: `traceparent first rows`, separated by commas.
pub(crate) fn text(traced: &[Traced]) -> String {
    let parts: Vec<String> = (traced.iter().take(MAX_TRACED))
        .map(|Traced { parent, first, rows }| format!("{parent} {first} {rows}"))
        .collect();
    parts.join(",")
}

/// The parts that a text names; what cannot be read is left out, for it is nothing that readings depend on.
pub(crate) fn parse(text: &str) -> Vec<Traced> {
    let part = |part: &str| {
        let mut words = part.split(' ');
        let traced = Traced {
            parent: words.next()?.to_owned(),
            first: words.next()?.parse().ok()?,
            rows: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(traced)
    };
    text.split(',').take(MAX_TRACED).filter_map(part).collect()
}

#[cfg(test)]
mod tests;
