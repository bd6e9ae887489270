//! Keeps reads, works out usage, makes bills.
