//! Why somebody is not let in, and how much of it is told.

use model::ErrorKind;
use service_kit::Fault;

/// Why somebody is not let in. The variants are also the label of the metric, so the set is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AuthError {
    /// No token.
    #[error("a token is needed: authorization: Bearer <token>")]
    Missing,
    /// Not a token at all, or too long for one.
    #[error("the token is malformed")]
    Malformed,
    /// A header field that is not `alg`, `typ` or `kid`.
    #[error("the token's header has a field that is not accepted")]
    Header,
    /// Another algorithm than the key's.
    #[error("the token's algorithm is not accepted")]
    Algorithm,
    /// A key that this installation does not have.
    #[error("the token was signed with a key that is not known here")]
    UnknownKey,
    /// The signature is wrong.
    #[error("the token's signature is wrong")]
    Signature,
    /// A claim is absent or has the wrong type.
    #[error("a claim of the token is missing or has the wrong type")]
    Claims,
    /// Another issuer or audience.
    #[error("the token is not meant for this service")]
    Audience,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYet,
    /// Valid for longer than its role allows.
    #[error("the token is valid for longer than its role allows")]
    Lifetime,
    /// A good token, but not for this.
    #[error("the token's role may not do this")]
    Denied,
}

impl AuthError {
    /// Every variant, for metrics.
    pub const ALL: [Self; 12] = [
        Self::Missing,
        Self::Malformed,
        Self::Header,
        Self::Algorithm,
        Self::UnknownKey,
        Self::Signature,
        Self::Claims,
        Self::Audience,
        Self::Expired,
        Self::NotYet,
        Self::Lifetime,
        Self::Denied,
    ];

    /// As a label of metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Header => "header",
            Self::Algorithm => "algorithm",
            Self::UnknownKey => "unknown_key",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::Audience => "audience",
            Self::Expired => "expired",
            Self::NotYet => "not_yet",
            Self::Lifetime => "lifetime",
            Self::Denied => "denied",
        }
    }

    /// What it means.
    #[must_use]
    pub const fn kind(self) -> ErrorKind {
        match self {
            Self::Denied => ErrorKind::Denied,
            _ => ErrorKind::Unauthenticated,
        }
    }

    /// The stable reason code. A forger is not told which check caught the forgery.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Missing => "TOKEN_MISSING",
            Self::Expired => "TOKEN_EXPIRED",
            Self::NotYet => "TOKEN_NOT_YET_VALID",
            Self::Denied => "ROLE_DENIED",
            _ => "TOKEN_INVALID",
        }
    }

    /// What the outside sees.
    #[must_use]
    pub fn fault(self) -> Fault {
        let message = match self.reason() {
            "TOKEN_INVALID" => "the token is not valid here".to_owned(),
            _ => self.to_string(),
        };
        Fault::new(self.kind(), self.reason(), message)
    }
}
