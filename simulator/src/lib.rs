//! A fleet of meters and a load generator that see only the wire.
