//! What the window has done about policies.

use std::path::PathBuf;

use crate::app::connection_file::read_text;
use crate::app::policies::MAX_FILE;
use crate::app::{App, AppError, Duplication, Expected, PolicyChange, PolicyInspection};
use crate::domain::identifier::PolicyId;

/// Something to be done about policies.
#[derive(Clone, Debug)]
pub enum PolicyTask {
    /// Tell what a TOML file is. Answered by [`PolicyAnswer::Kind`].
    Sniff(PathBuf),
    /// Look into a policy file. Answered by [`PolicyAnswer::Inspected`].
    Inspect(PathBuf),
    /// Keep a policy, written as its file. Answered by [`PolicyAnswer::Changed`].
    Save(String, Expected),
    /// Make an own policy out of another. Answered by [`PolicyAnswer::Changed`].
    Duplicate {
        /// The other.
        original: PolicyId,
        /// The new one's id.
        id: PolicyId,
        /// The new one's name.
        name: String,
        /// How it comes to its rules.
        how: Duplication,
    },
    /// Remove an own policy. Answered by [`PolicyAnswer::Changed`].
    Remove(PolicyId, Expected),
    /// Take a change back. Answered by [`PolicyAnswer::Changed`].
    Undo(Box<PolicyChange>),
    /// Write a policy to a file. Answered by [`PolicyAnswer::Written`].
    Export(PolicyId, PathBuf),
}

impl PolicyTask {
    /// Whether it changes the workspace.
    pub(super) const fn changes(&self) -> bool {
        matches!(self, Self::Save(..) | Self::Duplicate { .. } | Self::Remove(..) | Self::Undo(_))
    }
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum PolicyAnswer {
    /// Whether the file is a policy; else it is a connection.
    Kind {
        /// The file.
        file: PathBuf,
        /// Whether it is a policy.
        is_policy: bool,
    },
    /// What a policy file holds and what importing it would do.
    Inspected(Box<PolicyInspection>),
    /// A policy was changed.
    Changed(PolicyChange),
    /// A policy was written to a file.
    Written(PathBuf),
}

impl App {
    /// Does what is to be done about policies.
    pub(super) async fn policy_task(&self, task: PolicyTask) -> Result<PolicyAnswer, AppError> {
        Ok(match task {
            PolicyTask::Sniff(file) => {
                let is_policy = is_policy(&read_text(&file, MAX_FILE)?);
                PolicyAnswer::Kind { file, is_policy }
            }
            PolicyTask::Inspect(file) => PolicyAnswer::Inspected(Box::new(self.inspect_policy(&file).await?)),
            PolicyTask::Save(text, expected) => PolicyAnswer::Changed(self.save_policy(&text, &expected).await?),
            PolicyTask::Duplicate { original, id, name, how } => {
                PolicyAnswer::Changed(self.duplicate_policy(&original, id, name, how).await?)
            }
            PolicyTask::Remove(id, expected) => PolicyAnswer::Changed(self.remove_policy(&id, &expected).await?),
            PolicyTask::Undo(change) => PolicyAnswer::Changed(self.undo_policy(&change).await?),
            PolicyTask::Export(id, file) => {
                let text = self.export_policy(&id).await?;
                crate::app::write_file(&file, text)?;
                PolicyAnswer::Written(file)
            }
        })
    }
}

/// Whether a TOML file is a policy rather than a connection, by what only one of them has. What cannot be read as TOML is
/// told by its lines, so that the error comes from the reader it is meant for.
fn is_policy(text: &str) -> bool {
    const POLICY: [&str; 3] = ["rules", "kind", "inherits"];
    const CONNECTION: [&str; 3] = ["production", "test", "policy"];
    if let Ok(table) = text.parse::<toml::Table>() {
        let holds = |keys: &[&str]| keys.iter().any(|key| table.contains_key(*key));
        return holds(&POLICY) && !holds(&CONNECTION);
    }
    text.lines().map(str::trim_start).any(|line| {
        line.starts_with("[[rules]]")
            || line.split_once('=').is_some_and(|(key, _)| ["kind", "inherits"].contains(&key.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_told_from_a_connection_by_what_it_holds_even_where_it_has_a_mistake() {
        assert!(is_policy("id = 'a'\nname = 'A'\nkind = 'own'\n"));
        assert!(is_policy("id = 'a'\n[[rules]]\nsetting = 'signing'\n"));
        assert!(is_policy("id = 'a'\nname = A\nkind = 'own'\n"), "with a mistake on its second line");
        assert!(!is_policy("id = 'a'\nname = 'A'\npolicy = 'as2-modern'\n[production]\nurl = 'x'\n"));
        assert!(!is_policy("id = 'a'\n[production\nurl = 'x'\n"));
        assert!(!is_policy(""));
    }
}
