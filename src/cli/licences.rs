//! `licences`: what the program is made from, and under which licences.

use serde::Serialize;

use super::Answer;
use super::output::Output;
use crate::app::{AppError, Licence, licences, licences_text};

#[derive(Serialize)]
struct LicencesDocument<'a> {
    licences: Vec<&'a Licence>,
}

pub(super) fn run(out: &Output, names: &[String]) -> Result<Answer, AppError> {
    let wanted = |part: &&Licence| names.is_empty() || names.iter().any(|name| part.name == name);
    let found: Vec<&Licence> = licences().iter().filter(wanted).collect();
    if let Some(unknown) = names.iter().find(|name| !found.iter().any(|part| part.name == **name)) {
        return Err(AppError::new(format!("no part of the program is called `{unknown}`"))
            .hint("`countersign licences` lists them all"));
    }
    out.answer(&LicencesDocument { licences: found.clone() }, || {
        if names.is_empty() {
            return licences_text().to_owned();
        }
        let one = |part: &&Licence| format!("{} {}, {}\n\n{}\n", part.name, part.version, part.licence, part.notice());
        found.iter().map(one).collect::<Vec<_>>().join("\n")
    });
    Ok(Answer::Yes)
}
