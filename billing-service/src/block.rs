//! The compact form of the reads of one meter, series and UTC day.
