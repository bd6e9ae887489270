//! Windows of usage by group, and the metrics they feed.
