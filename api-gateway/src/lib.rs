//! The only door: devices in, staff in.

pub mod auth;
