//! End-to-end tests: journeys, faults and the independent oracle.
