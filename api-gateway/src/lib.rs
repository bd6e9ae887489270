//! The only door: devices in, staff in.
