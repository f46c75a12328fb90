//! `sample`: the main job, in the window or in the terminal, step by step.

use super::arguments::SampleArguments;
use super::output::Output;
use super::{Answer, BROUGHT_FORWARD, WindowRequest, Windows, check, send, words};
use crate::app::sample::{
    OpenOptions, OpenSample, SampleEvent, SampleOptions, is_open, run as run_sample, usual_folder,
};
use crate::app::{AppError, Location, first_window, hand_over};

/// Opens the window on the sample, and keeps its partners running until it is closed.
pub(super) fn open(
    out: &Output,
    arguments: &SampleArguments,
    location: Option<Location>,
    windows: &dyn Windows,
) -> Result<Answer, AppError> {
    let SampleArguments { headless: _, reset, fault } = arguments;
    let location = match location {
        Some(location) => location,
        None => Location::Dir(usual_folder()?),
    };
    // One that is open cannot be set up anew: that is refused.
    let as_it_is = !reset && fault.is_none();
    if as_it_is && is_open(location.path()) && hand_over(&location, &[]) {
        out.text(BROUGHT_FORWARD);
        return Ok(Answer::Yes);
    }
    let folder = Some(location.path().to_owned());
    let sample = OpenSample::start(OpenOptions { folder, reset: *reset, fault: *fault, behind_first_frame: true })?;
    // Whoever has a window on its folder without playing in it is left alone.
    let first = first_window(&location);
    if let Some(aged) = sample.files().aged {
        out.note(&format!("this sample is an old one. {aged}"));
    }
    windows.open(WindowRequest { app: sample.app(), sample: Some(sample.files()), open: Vec::new(), first })?;
    Ok(Answer::Yes)
}

pub(super) async fn run(
    out: &Output,
    arguments: &SampleArguments,
    location: Option<Location>,
    suffix: &str,
) -> Result<Answer, AppError> {
    let SampleArguments { headless: _, reset: _, fault } = arguments;
    let (folder, suffix) = match location {
        Some(location) => (location.path().to_owned(), suffix.to_owned()),
        None => {
            let folder = usual_folder()?;
            let suffix = format!(" --workspace {}", words::shell_word(&folder.display().to_string()));
            (folder, suffix)
        }
    };
    let options = SampleOptions { folder: Some(folder), fault: *fault };
    let outcome = run_sample(&options, &|event| tell(out, event, &suffix)).await?;
    let failed: Vec<_> = outcome.steps.iter().filter(|step| !step.held).collect();
    out.answer(&outcome, || {
        let mut text = String::from("\n");
        for step in &outcome.steps {
            text.push_str(&format!("{} {}  {}\n", words::held(step.held), step.number, step.title));
        }
        match failed.first() {
            None => text.push_str(&format!(
                "\nEvery step held. The workspace stays: countersign check --workspace {}\n",
                words::shell_word(&outcome.workspace.display().to_string())
            )),
            Some(step) => {
                text.push_str(&format!("\nStep {} did not hold: {}\n{}\n", step.number, step.title, step.detail))
            }
        }
        text
    });
    if out.is_json() {
        for step in failed {
            out.aside(&format!("step {} did not hold: {}: {}", step.number, step.title, step.detail));
        }
    }
    Ok(Answer::of(outcome.held()))
}

fn tell(out: &Output, event: SampleEvent, suffix: &str) {
    match event {
        SampleEvent::Step { number, title } => out.progress(&format!("\n{number}  {title}")),
        SampleEvent::Note(note) => out.progress(&format!("   {note}")),
        SampleEvent::Compliance(report) => {
            out.progress(&format!(
                "{}{}",
                check::matrix(&report.connections),
                check::findings(&report.connections, suffix)
            ));
        }
        SampleEvent::Transmission(sent) => {
            for stage in &sent.stages {
                out.progress(&format!("   {}", send::one_stage(stage)));
            }
            let lights: Vec<String> =
                sent.lights.named().iter().map(|(name, light)| format!("{name} {}", words::light(*light))).collect();
            out.progress(&format!("   {}", lights.join("   ")));
            let diagnosis = sent.diagnosis.as_ref();
            let cause = diagnosis.map_or("", |diagnosis| diagnosis.cause.as_str());
            out.progress(&format!("   {}  {cause}", words::verdict(sent.verdict)));
            for point in diagnosis.iter().flat_map(|diagnosis| &diagnosis.remedy) {
                out.progress(&format!("     - {point}"));
            }
        }
        SampleEvent::Held { held, detail, .. } => out.progress(&format!("   {} {detail}", words::held(held))),
    }
}
