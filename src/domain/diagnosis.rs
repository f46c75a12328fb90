//! What the outcome of a transmission means: the likely cause, the evidence for it, and what to do.

use serde::{Deserialize, Serialize};

/// A transmission's outcome explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The cause in one phrase.
    pub cause: String,
    /// What happened and why, in a sentence or two.
    pub explanation: String,
    /// What to do, the most promising first.
    pub remedy: Vec<String>,
    /// What was found here that speaks for it.
    pub evidence: Vec<String>,
}
