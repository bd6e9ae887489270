//! The closed set of things that can be wrong with a request, as its sender sees it.

/// What a failure means for whoever asked. One table in `service-kit` maps it to gRPC codes, HTTP statuses and retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request is wrong and will stay wrong.
    Invalid,
    /// What it names does not exist.
    NotFound,
    /// It contradicts what is there.
    Conflict,
    /// Nobody knows who asks.
    Unauthenticated,
    /// Whoever asks may not.
    Denied,
    /// A bound was reached; later it may work.
    Exhausted,
    /// Something needed is away, or the outcome is unknown; the same request may be sent again.
    Unavailable,
    /// A fault of the program; only an id that the log explains is shown.
    Internal,
}

impl ErrorKind {
    /// What it means that a file which somebody named cannot be used: it is not there, it is no text or no file, or the machine refuses.
    #[must_use]
    pub fn of_file(error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        const NO_TEXT: [Io; 4] = [
            Io::IsADirectory,
            Io::NotADirectory,
            Io::InvalidData,
            Io::InvalidInput,
        ];
        let kind = error.kind();
        if kind == Io::NotFound {
            Self::NotFound
        } else if NO_TEXT.contains(&kind) {
            Self::Invalid
        } else {
            Self::Internal
        }
    }
}

#[cfg(test)]
mod tests;
