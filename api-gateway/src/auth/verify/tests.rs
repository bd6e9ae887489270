use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue};
use jsonwebtoken::{Algorithm, EncodingKey};
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{MAX_TOKEN_BYTES, Verifier};
use crate::auth::{AuthError, Grant, Keys, Role};

const NOW: i64 = 1_777_636_800;
const DAY: i64 = 86_400;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

/// An installation, its key in the clear, and the key of a stranger.
struct World {
    verifier: Verifier,
    kid: String,
    own: EncodingKey,
    stranger: EncodingKey,
    _dir: TempDir,
}

fn world() -> World {
    let dir = TempDir::new().unwrap();
    let keys = Keys::open_or_create(dir.path(), now()).unwrap();
    let token = keys.issue(&grant(Role::Viewer, "eve"), now()).unwrap();
    let kid = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
    let file = std::fs::read_dir(dir.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let own = EncodingKey::from_ed_pem(&std::fs::read(file).unwrap()).unwrap();
    let stranger = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    World {
        verifier: Verifier::new(keys),
        kid,
        own,
        stranger: EncodingKey::from_ed_der(stranger.as_ref()),
        _dir: dir,
    }
}

fn grant(role: Role, subject: &str) -> Grant {
    Grant {
        role,
        subject: subject.to_owned(),
        lifetime: None,
    }
}

fn claims() -> Value {
    json!({"iss": "gridtally", "aud": "gridtally", "sub": "eve", "role": "viewer",
        "iat": NOW, "nbf": NOW, "exp": NOW + 3_600})
}

/// Good claims with `changed` put in; null takes a claim out.
fn with(changed: &Value) -> String {
    let mut claims = claims();
    for (name, value) in changed.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims
                .as_object_mut()
                .unwrap()
                .insert(name.clone(), value.clone()),
        };
    }
    claims.to_string()
}

fn signed(header: &str, claims: &str, key: &EncodingKey) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, Algorithm::EdDSA).unwrap();
    format!("{message}.{signature}")
}

impl World {
    fn header(&self) -> Value {
        json!({"alg": "EdDSA", "typ": "JWT", "kid": self.kid})
    }

    fn check(&self, name: &str, token: &str, expected: Option<AuthError>) {
        let found = self.verifier.verify(token, now()).err();
        assert_eq!(found, expected, "{name}");
        // Asked again it must not come from a cache of things that were refused.
        assert_eq!(self.verifier.verify(token, now()).err(), expected, "{name} again");
    }

    fn check_claims(&self, changed: Value, expected: Option<AuthError>) {
        let token = signed(&self.header().to_string(), &with(&changed), &self.own);
        self.check(&changed.to_string(), &token, expected);
    }

    fn check_header(&self, header: Value, expected: Option<AuthError>) {
        let token = signed(&header.to_string(), &claims().to_string(), &self.own);
        self.check(&header.to_string(), &token, expected);
    }
}

#[test]
fn claims_are_judged_strictly() {
    let world = world();
    let claims = Some(AuthError::Claims);
    let audience = Some(AuthError::Audience);
    let (expired, not_yet, lifetime) = (
        Some(AuthError::Expired),
        Some(AuthError::NotYet),
        Some(AuthError::Lifetime),
    );
    for (changed, expected) in [
        (json!({}), None),
        (json!({"jti": "something of its own"}), None),
        // Absent or wrongly typed: never "not asked for".
        (json!({"exp": null}), claims),
        (json!({"nbf": null}), claims),
        (json!({"iat": null}), claims),
        (json!({"iss": null}), claims),
        (json!({"aud": null}), claims),
        (json!({"sub": null}), claims),
        (json!({"role": null}), claims),
        (json!({"exp": "4102444800"}), claims),
        (json!({"exp": 4_102_444_800.5}), claims),
        (json!({"exp": 1e300}), claims),
        (json!({"exp": true}), claims),
        (json!({"nbf": "0"}), claims),
        (json!({"iat": []}), claims),
        (json!({"iss": 7}), claims),
        (json!({"aud": 7}), claims),
        (json!({"aud": ["gridtally"]}), claims),
        (json!({"sub": 7}), claims),
        (json!({"sub": ""}), claims),
        (json!({"sub": "a\nb"}), claims),
        (json!({"role": "root"}), claims),
        (json!({"role": ["admin"]}), claims),
        // Somebody else's.
        (json!({"iss": "elsewhere"}), audience),
        (json!({"aud": "elsewhere"}), audience),
        // Times; a leeway of 30 seconds.
        (json!({"exp": NOW - 29, "iat": NOW - 100, "nbf": NOW - 100}), None),
        (
            json!({"exp": NOW - 30, "iat": NOW - 100, "nbf": NOW - 100}),
            expired,
        ),
        (
            json!({"exp": NOW - DAY, "iat": NOW - 2 * DAY, "nbf": NOW - 2 * DAY}),
            expired,
        ),
        (json!({"exp": 0}), expired),
        (json!({"exp": -1}), claims),
        (json!({"nbf": NOW + 30}), None),
        (json!({"nbf": NOW + 31}), not_yet),
        (json!({"iat": NOW + 30}), None),
        (json!({"iat": NOW + 31}), not_yet),
        (json!({"exp": NOW, "iat": NOW}), lifetime),
        (json!({"exp": NOW + 31 * DAY}), None),
        (json!({"exp": NOW + 31 * DAY + 1}), lifetime),
        (json!({"exp": i64::MAX}), lifetime),
        (json!({"exp": i64::MAX, "iat": i64::MIN}), lifetime),
        (
            json!({"role": "device", "sub": "m-*", "exp": NOW + 400 * DAY}),
            None,
        ),
        (
            json!({"role": "device", "sub": "m-*", "exp": NOW + 400 * DAY + 1}),
            lifetime,
        ),
        (json!({"role": "device", "sub": "eve@example.org"}), claims),
    ] {
        world.check_claims(changed, expected);
    }
}

#[test]
fn headers_are_judged_strictly() {
    let world = world();
    let kid = world.kid.clone();
    let header = Some(AuthError::Header);
    for (value, expected) in [
        (json!({"alg": "EdDSA", "kid": kid}), None),
        (json!({"alg": "EdDSA", "kid": kid, "typ": "jwt"}), None),
        (json!({"alg": "EdDSA", "kid": kid, "typ": "at+jwt"}), header),
        (json!({"alg": "EdDSA"}), header),
        (json!({"alg": "EdDSA", "kid": 7}), header),
        (json!({"kid": kid}), header),
        (json!({"alg": "EdDSA", "kid": kid, "crit": ["exp"]}), header),
        (json!({"alg": "EdDSA", "kid": kid, "crit": []}), header),
        (
            json!({"alg": "EdDSA", "kid": kid, "jku": "http://evil.example/keys"}),
            header,
        ),
        (
            json!({"alg": "EdDSA", "kid": kid, "x5u": "http://evil.example/cert"}),
            header,
        ),
        (json!({"alg": "EdDSA", "kid": kid, "x5c": []}), header),
        (json!({"alg": "EdDSA", "kid": kid, "jwk": {"kty": "OKP"}}), header),
        (json!({"alg": "EdDSA", "kid": kid, "b64": false}), header),
        (json!({"alg": "EdDSA", "kid": kid, "zip": "DEF"}), header),
        (json!({"alg": "none", "kid": kid}), Some(AuthError::Algorithm)),
        (json!({"alg": "None", "kid": kid}), Some(AuthError::Algorithm)),
        (json!({"alg": "HS256", "kid": kid}), Some(AuthError::Algorithm)),
        (json!({"alg": "ES256", "kid": kid}), Some(AuthError::Algorithm)),
        (json!({"alg": "eddsa", "kid": kid}), Some(AuthError::Algorithm)),
        (
            json!({"alg": "EdDSA", "kid": "another"}),
            Some(AuthError::UnknownKey),
        ),
        (json!({"alg": "EdDSA", "kid": ""}), Some(AuthError::UnknownKey)),
        (
            json!({"alg": "EdDSA", "kid": "../../etc/passwd"}),
            Some(AuthError::UnknownKey),
        ),
        (json!([]), Some(AuthError::Malformed)),
        (json!("EdDSA"), Some(AuthError::Malformed)),
    ] {
        world.check_header(value, expected);
    }
}

#[test]
fn forgeries_are_refused() {
    let world = world();
    let header = world.header().to_string();
    let good = signed(&header, &claims().to_string(), &world.own);
    let parts: Vec<&str> = good.split('.').collect();
    let (head, body, signature) = (parts[0], parts[1], parts[2]);
    let admin = URL_SAFE_NO_PAD.encode(with(&json!({"role": "admin"})));
    let hs256 = URL_SAFE_NO_PAD.encode(json!({"alg": "HS256", "kid": world.kid}).to_string());
    let none = URL_SAFE_NO_PAD.encode(json!({"alg": "none", "kid": world.kid}).to_string());
    for (name, token, expected) in [
        ("good", good.clone(), None),
        (
            "stranger's key",
            signed(&header, &claims().to_string(), &world.stranger),
            Some(AuthError::Signature),
        ),
        (
            "other claims under the signature",
            format!("{head}.{admin}.{signature}"),
            Some(AuthError::Signature),
        ),
        (
            "no signature",
            format!("{head}.{body}."),
            Some(AuthError::Signature),
        ),
        (
            "short signature",
            format!("{head}.{body}.{}", &signature[..20]),
            Some(AuthError::Signature),
        ),
        ("alg none", format!("{none}.{body}."), Some(AuthError::Algorithm)),
        (
            "HS256",
            format!("{hs256}.{body}.{signature}"),
            Some(AuthError::Algorithm),
        ),
        (
            "claims are a list",
            signed(&header, "[]", &world.own),
            Some(AuthError::Claims),
        ),
        (
            "claims are not JSON",
            signed(&header, "{", &world.own),
            Some(AuthError::Claims),
        ),
        ("two parts", format!("{head}.{body}"), Some(AuthError::Malformed)),
        ("four parts", format!("{good}.x"), Some(AuthError::Malformed)),
        ("nothing", String::new(), Some(AuthError::Missing)),
        ("dots", "..".into(), Some(AuthError::Malformed)),
        (
            "padded",
            format!("{head}==.{body}.{signature}"),
            Some(AuthError::Malformed),
        ),
        (
            "too long",
            "a".repeat(MAX_TOKEN_BYTES + 1),
            Some(AuthError::Malformed),
        ),
    ] {
        world.check(name, &token, expected);
    }
}

#[test]
fn a_name_that_comes_twice_is_refused() {
    let world = world();
    let twice = format!(r#"{{"alg":"EdDSA","kid":"{0}","kid":"{0}"}}"#, world.kid);
    let twice = signed(&twice, &claims().to_string(), &world.own);
    let repeated = claims().to_string().replace("{", r#"{"role":"admin","#);
    let header = world.header().to_string();
    for (name, token, expected) in [
        ("a header field twice", twice, Some(AuthError::Header)),
        (
            "a claim twice",
            signed(&header, &repeated, &world.own),
            Some(AuthError::Claims),
        ),
    ] {
        world.check(name, &token, expected);
    }
}

#[test]
fn a_remembered_token_ends_when_it_expires() {
    let world = world();
    let token = signed(
        &world.header().to_string(),
        &with(&json!({"exp": NOW + 20})),
        &world.own,
    );
    let verify = |second| {
        let at = DateTime::from_timestamp(NOW + second, 0).unwrap();
        world.verifier.verify(&token, at).err()
    };
    assert_eq!(verify(0), None);
    assert_eq!(verify(19), None);
    assert_eq!(verify(49), None, "within the leeway");
    assert_eq!(verify(50), Some(AuthError::Expired));
    assert_eq!(verify(-31), Some(AuthError::NotYet), "the clock stepped back");
}

#[test]
fn an_issued_token_says_who_it_was_issued_for() {
    let dir = TempDir::new().unwrap();
    let keys = Keys::open_or_create(dir.path(), now()).unwrap();
    let token = keys.issue(&grant(Role::Device, "meter-*"), now()).unwrap();
    let identity = Verifier::new(keys).verify(&token, now()).unwrap();
    assert_eq!((identity.role, &*identity.subject), (Role::Device, "meter-*"));
    assert_eq!(identity.expires, NOW + 30 * DAY);
}

#[test]
fn the_header_carries_one_bearer_token() {
    let world = world();
    let good = signed(&world.header().to_string(), &claims().to_string(), &world.own);
    let check = |values: &[&str], expected: Option<AuthError>| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("authorization", HeaderValue::from_str(value).unwrap());
        }
        assert_eq!(
            world.verifier.identify(&headers, now()).err(),
            expected,
            "{values:?}"
        );
    };
    check(&[&format!("Bearer {good}")], None);
    check(&[&format!("bearer {good}")], None);
    check(&[&format!("Bearer  {good} ")], None);
    check(&[], Some(AuthError::Missing));
    check(&["Bearer "], Some(AuthError::Missing));
    check(&["Bearer"], Some(AuthError::Malformed));
    check(&[&good], Some(AuthError::Malformed));
    check(&[&format!("Basic {good}")], Some(AuthError::Malformed));
    check(
        &[&format!("Bearer {good}"), &format!("Bearer {good}")],
        Some(AuthError::Malformed),
    );
}

#[test]
fn without_tokens_everybody_may_do_all() {
    let verifier = Verifier::open_to_all();
    let identity = verifier.identify(&HeaderMap::new(), now()).unwrap();
    assert_eq!(identity.role, Role::Admin);
    let other = HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_static("Basic x"))]);
    assert!(verifier.identify(&other, now()).is_ok());
    assert!(verifier.verify("anything", now()).is_ok());
}

proptest! {
    #[test]
    fn no_text_is_believed(text in "[ -~]{0,200}(\\.[ -~]{0,200}){0,3}") {
        let world = world();
        prop_assert!(world.verifier.verify(&text, now()).is_err());
    }
}
