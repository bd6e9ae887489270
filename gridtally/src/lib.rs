//! The program gridtally: four services in one process, and the command line.
