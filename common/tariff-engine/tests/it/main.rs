//! Tests of the engine from outside, on data of `tests/data`.

#[cfg(test)]
mod cases;
