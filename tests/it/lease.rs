//! One program of a workspace does what is done by itself; when it is gone, another does.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use countersign::app::LeaseState;
use countersign::app::engine::{Engine, EngineOptions, Event};
use countersign::domain::transmission::Verdict;
use jiff::tz::TimeZone;

use crate::exchange::{DOCUMENT, PATIENCE, Partner, Received, Us, Wrong, wait_until};
use crate::running::Running;

fn serve(us: &Us) -> Running {
    us.serve_apart(&["--outbox", us.path("outbox").to_str().unwrap()]).0
}

/// The engine behind a window, with what it says of the lease.
struct Behind(Engine);

impl Behind {
    async fn until(&mut self, what: &str, holds: impl Fn(&LeaseState) -> bool) -> LeaseState {
        let begun = Instant::now();
        loop {
            while let Some(event) = self.0.event() {
                if let Event::Snapshot(Ok(snapshot)) = event
                    && holds(&snapshot.lease)
                {
                    return snapshot.lease.clone();
                }
            }
            assert!(begun.elapsed() < PATIENCE, "it never came that {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lease_passes_on_within_thirty_seconds_when_its_holder_is_killed_and_nothing_is_doubled() {
    let us = Us::new().await;
    let (certificate, count) = (us.certificate.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    let partner = Partner::start(move |received: &Received, stream| {
        // The first attempt finds it busy.
        if counted.fetch_add(1, Ordering::SeqCst) == 0 {
            Partner::answer(stream, "503 Busy", &[], b"");
        } else {
            let receipt = received.receipt(&certificate, Wrong::Nothing);
            Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
        }
    });
    us.connect(&partner.url, "").await;
    let mut program = serve(&us);
    wait_until("serve holds the lease", || us.workspace().join("due-work.json").exists()).await;
    let options = EngineOptions { app: us.app.clone(), sample: None, zone: TimeZone::UTC, wake: Arc::new(|| {}) };
    let mut window = Behind(Engine::start(options).unwrap());
    let seen = window.until("the window sees who does it", |lease| lease.holder.is_some()).await;
    let holder = seen.holder.unwrap();
    assert_eq!((holder.program.as_str(), holder.process, seen.here), ("serve", program.id(), false));

    let folder = us.path("outbox/partner/production");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("order.edi"), DOCUMENT).unwrap();
    wait_until("the first attempt was made", || count.load(Ordering::SeqCst) == 1).await;
    let sent = us.journal().await.remove(0);
    us.until(&sent, |found| found.next_attempt.is_some()).await;
    program.kill().unwrap();
    program.wait().unwrap();
    let begun = Instant::now();
    let held = window.until("the window takes over", |lease| lease.here).await;
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(held.holder.unwrap().process, std::process::id());

    // A second program does not take it from the first.
    let mut again = serve(&us);
    tokio::time::sleep(Duration::from_secs(3)).await;
    // Five minutes have passed.
    let database = format!("sqlite:{}", us.workspace().join("countersign.sqlite").display());
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&database).await.unwrap();
    sqlx::raw_sql("UPDATE duties SET at_ns = 0").execute(&pool).await.unwrap();
    pool.close().await;
    let settled = us.settled(&sent, Verdict::Delivered).await;
    assert_eq!((settled.attempts.len(), count.load(Ordering::SeqCst)), (2, 2), "{settled:#?}");
    window.0.stop();
    again.kill().unwrap();
    again.wait().unwrap();
    assert_eq!(us.journal().await.len(), 1);
}
