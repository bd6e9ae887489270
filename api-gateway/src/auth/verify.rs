//! Every rule about a token, by our own clock.
//!
//! The library checks the signature, issuer and audience; it treats wrongly typed claims as absent in places, ignores `crit`, and has a
//! clock of its own. So header and claims are decoded strictly here, and the times are judged here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jsonwebtoken::{Algorithm, Validation};
use serde::{Deserialize, Serialize};

use super::cache::{Cache, TokenHash};
use super::keys::{Keys, is_subject};
use super::{AuthError, Identity, Role};

/// Who signs.
pub(super) const ISSUER: &str = "gridtally";
/// For whom.
pub(super) const AUDIENCE: &str = "gridtally";
/// By how many seconds two clocks may differ.
pub const LEEWAY_SECONDS: i64 = 30;
/// A longer token is not looked at.
pub const MAX_TOKEN_BYTES: usize = 4_096;

/// The claims of a token. All are required; seconds since 1970 UTC.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) aud: String,
    pub(super) sub: String,
    pub(super) role: Role,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    pub(super) exp: i64,
}

/// The only fields a header may have: anything else (`crit`, `jku`, `x5u`, `jwk`, ...) wants something of us that we do not do.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    alg: String,
    kid: String,
    #[serde(default)]
    typ: Option<String>,
}

/// Says who a token names.
pub struct Verifier {
    /// None: nobody is asked for a token.
    keys: Option<Keys>,
    rules: Validation,
    cache: Cache,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier")
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

impl Verifier {
    /// Believes tokens signed with `keys`.
    #[must_use]
    pub fn new(keys: Keys) -> Self {
        Self::with(Some(keys))
    }

    /// Asks nobody for a token: everybody is [`Identity::anybody`]. Configuration allows it on loopback only.
    #[must_use]
    pub fn open_to_all() -> Self {
        Self::with(None)
    }

    fn with(keys: Option<Keys>) -> Self {
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        // By our clock instead.
        rules.validate_exp = false;
        rules.validate_nbf = false;
        Self {
            keys,
            rules,
            cache: Cache::new(),
        }
    }

    /// Who the `authorization` header of a call or request names.
    ///
    /// # Errors
    /// [`AuthError`], never [`AuthError::Denied`].
    pub fn identify(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Result<Identity, AuthError> {
        if self.keys.is_none() {
            return Ok(Identity::anybody());
        }
        let value = headers.get(AUTHORIZATION).ok_or(AuthError::Missing)?;
        if headers.get_all(AUTHORIZATION).iter().count() > 1 {
            return Err(AuthError::Malformed);
        }
        let text = value.to_str().map_err(|_| AuthError::Malformed)?;
        match text.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => self.verify(token.trim(), now),
            _ => Err(AuthError::Malformed),
        }
    }

    /// Who `token` (without `Bearer`) names. Remembered for a minute, so the second time is cheap.
    ///
    /// # Errors
    /// [`AuthError`], never [`AuthError::Denied`].
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Identity, AuthError> {
        let Some(keys) = &self.keys else {
            return Ok(Identity::anybody());
        };
        if token.is_empty() {
            return Err(AuthError::Missing);
        }
        if token.len() > MAX_TOKEN_BYTES {
            return Err(AuthError::Malformed);
        }
        let now = now.timestamp();
        let hash = TokenHash::of(token);
        if let Some(identity) = self.cache.get(hash, now) {
            return Ok(identity);
        }
        let identity = self.check(keys, token, now)?;
        self.cache.put(hash, identity.clone(), now);
        Ok(identity)
    }

    fn check(&self, keys: &Keys, token: &str, now: i64) -> Result<Identity, AuthError> {
        let mut parts = token.split('.');
        let (Some(header), Some(_), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(AuthError::Malformed);
        };
        let header = strict_header(header)?;
        if header.typ.is_some_and(|typ| !typ.eq_ignore_ascii_case("jwt")) {
            return Err(AuthError::Header);
        }
        let key = keys.find(&header.kid).ok_or(AuthError::UnknownKey)?;
        // Every key is Ed25519: the algorithm follows from the key, and the token may only agree.
        if header.alg != "EdDSA" {
            return Err(AuthError::Algorithm);
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &key.public, &self.rules)
            .map_err(|error| refused(&error))?
            .claims;
        judge(&claims, now)?;
        Ok(Identity {
            role: claims.role,
            subject: claims.sub.into(),
            expires: claims.exp,
        })
    }
}

fn strict_header(encoded: &str) -> Result<StrictHeader, AuthError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(encoded)
        .map_err(|_| AuthError::Malformed)?;
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|_| AuthError::Malformed)?;
    if !value.is_object() {
        return Err(AuthError::Malformed);
    }
    // From the bytes again: a `Value` would have merged a field that comes twice.
    serde_json::from_slice(&bytes).map_err(|_| AuthError::Header)
}

/// Which of our words the library's refusal is.
fn refused(error: &jsonwebtoken::errors::Error) -> AuthError {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidSignature | ErrorKind::Signing(_) => AuthError::Signature,
        ErrorKind::InvalidIssuer | ErrorKind::InvalidAudience => AuthError::Audience,
        ErrorKind::InvalidAlgorithm => AuthError::Algorithm,
        ErrorKind::Json(_) | ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) => {
            AuthError::Claims
        }
        _ => AuthError::Malformed,
    }
}

/// The rules about claims that are of the right type.
fn judge(claims: &Claims, now: i64) -> Result<(), AuthError> {
    if claims.iss != ISSUER || claims.aud != AUDIENCE {
        return Err(AuthError::Audience);
    }
    if !is_subject(claims.role, &claims.sub) {
        return Err(AuthError::Claims);
    }
    let latest = now.saturating_add(LEEWAY_SECONDS);
    if claims.iat > latest || claims.nbf > latest {
        return Err(AuthError::NotYet);
    }
    if now >= claims.exp.saturating_add(LEEWAY_SECONDS) {
        return Err(AuthError::Expired);
    }
    let max = i64::try_from(claims.role.max_lifetime().as_secs()).unwrap_or(i64::MAX);
    if claims.exp <= claims.iat || claims.exp.saturating_sub(claims.iat) > max {
        return Err(AuthError::Lifetime);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
