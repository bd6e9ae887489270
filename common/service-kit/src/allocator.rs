//! The allocator of every program that is made from this chassis.
//!
//! Blocks of readings live for seconds to minutes beside requests that live for microseconds, on several threads. The system's allocator
//! keeps the holes that this leaves, in an arena per thread; this one gives them back (docs/adr/0013).

use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;
