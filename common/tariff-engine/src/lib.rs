//! Pure pricing: tariffs as data become explained statements.
