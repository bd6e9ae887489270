//! What pricing allocates, in a program of its own: every allocation of it is counted.

#[cfg(test)]
mod by_interval;
#[cfg(test)]
mod sentences;
