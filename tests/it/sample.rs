//! The sample does the whole job, and notices when something is broken on purpose.

use std::sync::Mutex;

use countersign::app::sample::{SampleEvent, SampleFault, SampleOptions, SampleOutcome, run};
use countersign::domain::transmission::{Transmission, Verdict};

fn sample(fault: Option<SampleFault>) -> (SampleOutcome, Vec<Transmission>) {
    let folder = tempfile::tempdir().unwrap();
    let options = SampleOptions { folder: Some(folder.path().join("sample")), fault };
    let sent = Mutex::new(Vec::new());
    let events = |event: SampleEvent| {
        if let SampleEvent::Transmission(transmission) = event {
            sent.lock().unwrap().push(*transmission);
        }
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let outcome = runtime.block_on(run(&options, &events)).unwrap();
    drop(runtime);
    (outcome, sent.into_inner().unwrap())
}

#[test]
fn every_step_of_the_sample_holds() {
    let (outcome, sent) = sample(None);
    let failed: Vec<_> = outcome.steps.iter().filter(|step| !step.held).collect();
    assert!(failed.is_empty(), "{failed:#?}\n{sent:#?}");
    assert_eq!(outcome.steps.len(), 11);
    let verdicts: Vec<Verdict> = sent.iter().map(|transmission| transmission.verdict).collect();
    let delivered = Verdict::Delivered;
    assert_eq!(verdicts, [delivered, delivered, delivered, Verdict::Failed, delivered]);
}

#[test]
fn a_stopped_partner_and_a_swapped_certificate_are_noticed() {
    let (stopped, sent) = sample(Some(SampleFault::PartnerStopped));
    let last = stopped.steps.last().unwrap();
    assert!(!stopped.held() && last.title == "Send to the test profile", "{last:?}");
    assert_eq!(sent.last().unwrap().verdict, Verdict::Failed);
    let (swapped, _) = sample(Some(SampleFault::CertificateSwapped));
    let last = swapped.steps.last().unwrap();
    assert!(!swapped.held() && last.title.starts_with("Import it"), "{last:?}");
    assert!(last.detail.contains("fingerprint"), "{last:?}");
}
