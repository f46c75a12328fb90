//! Every combination of what a profile can say about a message's form, with every payload that something could go wrong
//! with, sent from one workspace to another over a real socket.
//!
//! A form is saved on both sides, and then every payload is sent in it at once: verdict, lights, layers, MIC and the file
//! in the partner's inbox are held for each. What saving refuses must be refused on both sides.

mod axes;
mod world;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axes::{Combination, Form, by_form, every, pairwise, samples};
use tokio::task::JoinSet;
use world::World;

/// Pairs of workspaces at work at once.
const WORLDS: usize = 3;

/// Messages after which a pair of workspaces is given up for a new one, so that memory does not fill.
const MOST: usize = 150;

/// What came of it.
#[derive(Default)]
struct Tally {
    sent: usize,
    refused: usize,
    wrong: Vec<String>,
}

/// Forms that are still to be sent in, each with its samples.
type Queue = Arc<Mutex<VecDeque<(Form, Vec<usize>)>>>;

/// Takes forms until there are none left.
async fn work(forms: Queue) -> Tally {
    let samples = Arc::new(samples());
    let mut tally = Tally::default();
    let mut world = Arc::new(World::new().await);
    loop {
        let next = forms.lock().unwrap().pop_front();
        let Some((form, chosen)) = next else { break };
        let saved = world.save(&form).await;
        if saved.iter().any(|side| side.is_ok() != form.is_possible()) {
            tally.wrong.push(format!("{form}: saving it said {saved:?}"));
            continue;
        }
        if !form.is_possible() {
            tally.refused += chosen.len();
            continue;
        }
        let mut sending = JoinSet::new();
        for index in chosen {
            let (world, samples) = (Arc::clone(&world), Arc::clone(&samples));
            sending.spawn(async move { world.send(&form, &samples[index]).await });
        }
        for outcome in sending.join_all().await {
            tally.sent += 1;
            tally.wrong.extend(outcome.err());
        }
        if world.sent() >= MOST {
            end(std::mem::replace(&mut world, Arc::new(World::new().await))).await;
        }
    }
    end(world).await;
    tally
}

async fn end(world: Arc<World>) {
    if let Some(world) = Arc::into_inner(world) {
        world.end().await;
    }
}

#[expect(clippy::print_stdout, reason = "how much was sent, and how fast")]
async fn hold(combinations: Vec<Combination>) -> Tally {
    let begun = Instant::now();
    let forms: Queue = Arc::new(Mutex::new(by_form(combinations).into()));
    let mut working = JoinSet::new();
    for _ in 0..WORLDS {
        working.spawn(work(Arc::clone(&forms)));
    }
    let mut all = Tally::default();
    for tally in working.join_all().await {
        all.sent += tally.sent;
        all.refused += tally.refused;
        all.wrong.extend(tally.wrong);
    }
    let (took, Tally { sent, refused, wrong }) = (begun.elapsed().as_secs_f64(), &all);
    println!(
        "{sent} combinations sent, {refused} refused on save, in {took:.1} s: {:.1} a second",
        *sent as f64 / took
    );
    assert!(wrong.is_empty(), "{} of {sent} are wrong:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn each_value_with_each_other() {
    let possible: Vec<Combination> =
        every(samples().len()).into_iter().filter(|each| each.form.is_possible()).collect();
    let chosen = pairwise(&possible);
    let expected = chosen.len();
    assert!(expected < possible.len() / 20, "{expected} are hardly fewer than all {}", possible.len());
    assert_eq!(hold(chosen).await.sent, expected);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes minutes; .ci/run has it done"]
async fn every_combination() {
    let all = every(samples().len());
    let expected = all.len();
    let tally = hold(all).await;
    assert_eq!(tally.sent + tally.refused, expected);
    assert!(tally.refused > 0, "nothing was refused");
}
