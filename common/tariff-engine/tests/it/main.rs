//! Tests of the engine from outside: the worked bills of `tests/data`, and a small tariff for every rule of `RATING`.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod corpora;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod recomputed;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod schema;
