//! Countersign keeps every AS2 trading-partner connection compliant, through every certificate renewal, with proof.

pub mod domain;
pub mod store;
