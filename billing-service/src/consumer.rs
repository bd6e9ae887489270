//! Reads the bus into the reads.
