//! Turns what devices claim into facts on the bus.
