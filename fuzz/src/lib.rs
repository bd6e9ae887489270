//! What the targets do with their bytes; the engine's tests do the same with the corpora.

#[path = "../../common/tariff-engine/tests/it/hostile.rs"]
mod hostile;

/// See the engine's tests.
pub fn tariff(bytes: &[u8]) {
    hostile::tariff(bytes);
}

/// See the engine's tests.
pub fn case(bytes: &[u8]) {
    hostile::case(bytes);
}

/// See the engine's tests.
pub fn load(bytes: &[u8]) {
    hostile::load(bytes);
}
