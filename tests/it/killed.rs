//! The program as processes of its own on both sides, killed at any moment: nothing is lost, nothing comes twice, and what
//! nobody knows is shown as that, with the right next step.

#![expect(clippy::print_stdout, reason = "the seed and the figures of a long test are what it is run for")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::exchange::PATIENCE;
use crate::running::Running;

/// The program on a workspace.
fn program(workspace: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env("COUNTERSIGN_WORKSPACE", workspace).stdin(Stdio::null());
    command.env_remove("COUNTERSIGN_PASSPHRASE").env_remove("COUNTERSIGN_PASSPHRASE_FILE");
    command
}

/// Two workspaces on one machine, each a partner of the other.
struct Pair {
    folder: tempfile::TempDir,
    address: SocketAddr,
}

impl Pair {
    fn new() -> Self {
        // The same after every restart, because the sender knows it. Where the machine has addresses enough it is one of this
        // process's own, so that nobody else takes the port while nothing listens there.
        let process = std::process::id().to_be_bytes();
        let own = if cfg!(target_os = "linux") {
            [127, 1 + process[1] % 250, process[2], process[3]]
        } else {
            [127, 0, 0, 1]
        };
        let address = TcpListener::bind(SocketAddr::from((own, 0))).unwrap().local_addr().unwrap();
        let pair = Self { folder: tempfile::tempdir().unwrap(), address };
        for (workspace, name) in [("ours", "us"), ("theirs", "them")] {
            pair.done(workspace, &["identity", "create", name]);
            let pem = pair.path(&format!("{name}.pem"));
            pair.done(workspace, &["identity", "export", name, "-o", pem.to_str().unwrap()]);
        }
        pair.connect("ours", "us", "them", &format!("http://{address}/as2"));
        pair.connect("theirs", "them", "us", "http://127.0.0.1:9/as2");
        pair
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn connect(&self, workspace: &str, ours: &str, partner: &str, url: &str) {
        let file = self.path(&format!("{workspace}.toml"));
        let connection = format!(
            "id = \"{partner}\"\nname = \"{partner}\"\n[production]\nour_as2_id = \"{ours}\"\npartner_as2_id = \"{partner}\"\n\
             url = \"{url}\"\nidentity = \"{ours}\"\npartner_certificates = [\"{partner}.pem\"]\ntimeout_seconds = 10\n"
        );
        fs::write(&file, connection).unwrap();
        self.done(workspace, &["connection", "add", "--replace", file.to_str().unwrap()]);
    }

    fn run(&self, workspace: &str, arguments: &[&str]) -> Output {
        program(&self.path(workspace), arguments).output().unwrap()
    }

    fn done(&self, workspace: &str, arguments: &[&str]) {
        let output = self.run(workspace, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn json(&self, workspace: &str, arguments: &[&str]) -> (Option<i32>, Value) {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        let output = self.run(workspace, &arguments);
        let answer = serde_json::from_slice(&output.stdout);
        let said = || String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), answer.unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", said())))
    }

    fn listed(&self, workspace: &str) -> Vec<Value> {
        let (_, page) = self.json(workspace, &["transmission", "list", "--limit", "10000"]);
        page["transmissions"].as_array().unwrap().clone()
    }

    /// Begins to serve a workspace, ready once this has returned.
    fn serve(&self, workspace: &str) -> Running {
        let (listen, inbox, outbox) = (self.address.to_string(), self.path("inbox"), self.path("outbox"));
        let arguments = match workspace {
            "theirs" => vec!["serve", "--listen", &listen, "--inbox", inbox.to_str().unwrap()],
            _ => vec!["serve", "--listen", "127.0.0.1:0", "--outbox", outbox.to_str().unwrap()],
        };
        let mut command = program(&self.path(workspace), &arguments);
        let mut child = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::null()));
        let mut first = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
        assert!(first.starts_with("listening on "), "{workspace}: {first:?}");
        child
    }

    /// What lies in the inbox, by its content; how often each.
    fn arrived(&self) -> BTreeMap<String, usize> {
        let mut found = BTreeMap::new();
        for entry in fs::read_dir(self.path("inbox/us/production")).into_iter().flatten() {
            let path = entry.unwrap().path();
            if !path.file_name().unwrap().to_string_lossy().starts_with('.') {
                *found.entry(fs::read_to_string(path).unwrap()).or_default() += 1;
            }
        }
        found
    }

    /// What lies in the outbox.
    fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("outbox/them/production")).into_iter().flatten();
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| name != "sent").collect()
    }
}

/// Numbers that are the same for the same seed (xorshift, Marsaglia 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// What happened, for whoever reads the figures.
#[derive(Debug, Default)]
struct Figures {
    sent: usize,
    killed: BTreeMap<&'static str, usize>,
    to_mend: BTreeMap<String, usize>,
    never_taken_over: usize,
    redeliveries: usize,
}

fn rounds(number: u64) {
    let seed = std::env::var("COUNTERSIGN_KILL_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed =
        seed.unwrap_or_else(|| u64::try_from(countersign::app::Clock::System.now().as_millisecond()).unwrap()).max(1);
    println!("COUNTERSIGN_KILL_SEED={seed}");
    let mut random = Random(seed);
    let pair = Pair::new();
    let mut figures = Figures::default();
    let (mut ours, mut theirs) = (pair.serve("ours"), pair.serve("theirs"));
    fs::create_dir_all(pair.path("outbox/them/production")).unwrap();
    // By its content: the file of the user's that it came from, where it stays with them.
    let mut documents: BTreeMap<String, Option<PathBuf>> = BTreeMap::new();
    for round in 0..number {
        let mut sending = Vec::new();
        for each in 0..1 + random.below(3) {
            let padding = "X".repeat(usize::try_from(random.below(200_000)).unwrap());
            let content = format!("UNA:+.? 'UNB+UNOC:3+US+THEM+261124:0900+{round}-{each}'UNZ+0+1'{padding}");
            if random.below(3) == 0 {
                let file = pair.path(&format!("mine-{round}-{each}.edi"));
                fs::write(&file, &content).unwrap();
                let arguments = ["send", file.to_str().unwrap(), "--connection", "them", "--profile", "production"];
                let mut command = program(&pair.path("ours"), &arguments);
                sending.push(Running::start(command.stdout(Stdio::null()).stderr(Stdio::null())));
                documents.insert(content, Some(file));
            } else {
                let place = pair.path("outbox/them/production").join(format!("daily-{round}-{each}.edi"));
                fs::write(place.with_extension("tmp"), &content).unwrap();
                fs::rename(place.with_extension("tmp"), place).unwrap();
                documents.insert(content, None);
            }
            figures.sent += 1;
        }
        // A file of the outbox is taken in its second second.
        std::thread::sleep(Duration::from_millis(random.below(if sending.is_empty() { 2_500 } else { 900 })));
        let victim = random.below(if sending.is_empty() { 2 } else { 3 });
        let name = ["sender", "receiver", "send"][usize::try_from(victim).unwrap()];
        *figures.killed.entry(name).or_default() += 1;
        match victim {
            0 => {
                ours.end();
                ours = pair.serve("ours");
            }
            1 => {
                theirs.end();
                theirs = pair.serve("theirs");
            }
            _ => sending.iter_mut().for_each(Running::end),
        }
        for mut running in sending {
            running.wait().unwrap();
        }
    }
    settle(&pair, &mut figures);
    println!("{number} rounds: {figures:?}");
    check(&pair, &documents, &mut figures);
    println!("not taken over, with their files where they were: {}", figures.never_taken_over);
}

/// Does with what is not delivered what the program says, until nothing is left to be done.
fn settle(pair: &Pair, figures: &mut Figures) {
    let begun = Instant::now();
    loop {
        let listed = pair.listed("ours");
        let open: Vec<&Value> = listed.iter().filter(|each| each["verdict"] != "delivered").collect();
        let mut waits = !pair.left().is_empty();
        for each in open {
            let (id, verdict) = (each["id"].as_str().unwrap(), each["verdict"].as_str().unwrap());
            assert!(["failed", "uncertain", "queued", "sending"].contains(&verdict), "{each}");
            *figures.to_mend.entry(verdict.to_owned()).or_default() += 1;
            let (code, answer) = pair.json("ours", &["transmission", "redeliver", id]);
            figures.redeliveries += 1;
            let error = answer["error"].as_str().unwrap_or_default();
            // Its document was never taken over, and lies where it lay.
            if error.contains("no longer kept") {
                continue;
            }
            waits |= code != Some(0);
            assert!(
                error.is_empty()
                    || ["under way", "for the first time", "meanwhile", "was delivered"]
                        .iter()
                        .any(|why| error.contains(why)),
                "{verdict}: {answer}"
            );
        }
        if !waits {
            return;
        }
        assert!(begun.elapsed() < 2 * PATIENCE, "it never ends: {:?} {:#?}", pair.left(), pair.listed("ours"));
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Everything that was given to be sent has arrived once, or is where it was.
fn check(pair: &Pair, documents: &BTreeMap<String, Option<PathBuf>>, figures: &mut Figures) {
    let arrived = pair.arrived();
    let listed = pair.listed("ours");
    for (content, file) in documents {
        let begins = &content[..70];
        if let Some(file) = file {
            assert_eq!(&fs::read_to_string(file).unwrap(), content, "a file of the user's was touched: {begins}");
        }
        match arrived.get(content) {
            Some(1) => {}
            Some(times) => panic!("{times} times in the inbox: {begins}"),
            None => {
                let file = file.as_ref().unwrap_or_else(|| panic!("lost: {begins}"));
                let name = file.file_name().unwrap().to_str().unwrap();
                let said = listed.iter().filter(|each| each["file"] == name).collect::<Vec<_>>();
                assert!(said.iter().all(|each| each["verdict"] != "delivered"), "{begins}: {said:?}");
                figures.never_taken_over += 1;
            }
        }
    }
    assert!(arrived.keys().all(|content| documents.contains_key(content)), "something arrived that nobody sent");
    let mut hidden = fs::read_dir(pair.path("inbox/us/production")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(hidden.all(|name| !name.to_string_lossy().starts_with('.')), "something is left in the inbox");
    let open = pair
        .listed("theirs")
        .into_iter()
        .filter(|each| !["received", "refused"].iter().any(|word| each["verdict"] == *word));
    assert_eq!(open.collect::<Vec<_>>(), Vec::<Value>::new(), "the receiver does not know how something ended");
}

#[test]
fn nothing_is_lost_or_comes_twice_where_either_side_is_killed() {
    rounds(6);
}

#[test]
#[ignore = "takes minutes: cargo nextest run --test it --run-ignored only -E 'test(a_hundred_times)'"]
fn nothing_is_lost_or_comes_twice_where_either_side_is_killed_a_hundred_times() {
    rounds(100);
}

/// The partner's renewed certificate is imported, and what failed before is redelivered.
#[test]
fn what_the_partner_could_not_decrypt_is_redelivered_once_its_certificate_is_imported() {
    let pair = Pair::new();
    // What we have is the partner's old certificate, whose key the partner has thrown away.
    pair.done("old", &["identity", "create", "old"]);
    let (old, renewed) = (pair.path("them.pem"), pair.path("renewed.pem"));
    fs::rename(&old, &renewed).unwrap();
    pair.done("old", &["identity", "export", "old", "-o", old.to_str().unwrap()]);
    pair.connect("ours", "us", "them", &format!("http://{}/as2", pair.address));
    let _theirs = pair.serve("theirs");
    let document = pair.path("order.edi");
    fs::write(&document, "UNA:+.? 'order'").unwrap();
    let send = ["send", document.to_str().unwrap(), "--connection", "them", "--profile", "production"];
    let (code, first) = pair.json("ours", &send);
    assert_eq!((code, &first["verdict"]), (Some(1), &"failed".into()), "{first}");
    assert_eq!(first["diagnosis"]["cause"], "Partner could not decrypt");
    fs::remove_file(&document).unwrap();
    let import = ["certificate", "import", renewed.to_str().unwrap(), "--connection", "them", "--activate", "now"];
    pair.done("ours", &import);
    let (code, again) = pair.json("ours", &["transmission", "redeliver", first["id"].as_str().unwrap()]);
    assert_eq!((code, &again["verdict"]), (Some(0), &"delivered".into()), "{again}");
    assert_eq!((&again["id"], &again["message_id"]), (&first["id"], &first["message_id"]));
    assert_eq!(pair.arrived(), BTreeMap::from([("UNA:+.? 'order'".to_owned(), 1)]));
    let came = pair.listed("theirs");
    assert!(came.iter().all(|each| each["message_id"] == first["message_id"]), "{came:?}");
}

/// The partner has taken everything, or not: nobody knows, and the program says what to do.
#[test]
fn a_sender_that_was_killed_says_where_it_was_interrupted_and_what_to_do() {
    let pair = Pair::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    pair.connect("ours", "us", "them", &format!("http://{}/as2", silent.local_addr().unwrap()));
    let document = pair.path("order.edi");
    fs::write(&document, "UNA:+.? 'order'").unwrap();
    let send = ["send", document.to_str().unwrap(), "--connection", "them", "--profile", "production"];
    let mut command = program(&pair.path("ours"), &send);
    let mut sending = Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()));
    let (mut stream, _) = silent.accept().unwrap();
    assert!(std::io::Read::read(&mut stream, &mut [0; 1024]).unwrap() > 0);
    sending.end();
    let _ours = pair.serve("ours");
    let id = pair.listed("ours")[0]["id"].as_str().unwrap().to_owned();
    let (_, shown) = pair.json("ours", &["transmission", "show", &id]);
    let told = &shown["diagnosis"];
    assert_eq!((&shown["verdict"], &told["entry"]), (&"uncertain".into(), &"interrupted-sending".into()), "{shown}");
    assert!(told["remedy"][0].as_str().unwrap().starts_with("Redeliver: the Message-ID stays the same"), "{told}");
    assert!(told["evidence"].to_string().contains("Message-ID"), "{told}");
    let stages = shown["stages"].as_array().unwrap();
    let last = stages.last().unwrap();
    assert_eq!((&last["stage"], &last["status"]), (&"connected".into(), &"bad".into()), "{shown}");
}

/// A message that was being received when the program was killed does not stay open for a day.
#[test]
fn a_receiver_that_was_killed_knows_how_a_message_ended_once_it_receives_again() {
    let pair = Pair::new();
    let mut theirs = pair.serve("theirs");
    let document = pair.path("order.edi");
    fs::write(&document, "UNA:+.? 'order'").unwrap();
    let send = ["send", document.to_str().unwrap(), "--connection", "them", "--profile", "production"];
    let mut command = program(&pair.path("ours"), &send);
    let mut sending = Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()));
    let is_receiving = || {
        let months = fs::read_dir(pair.path("theirs/archive")).into_iter().flatten();
        let mut folders = months.flat_map(|month| fs::read_dir(month.unwrap().path()).into_iter().flatten());
        folders.any(|folder| folder.unwrap().path().join("in-flight").exists())
    };
    let begun = Instant::now();
    while !is_receiving() {
        assert!(begun.elapsed() < PATIENCE, "nothing tells what is being received from what was left");
        std::thread::yield_now();
    }
    theirs.end();
    sending.wait().unwrap();
    let _theirs = pair.serve("theirs");
    let came = pair.listed("theirs");
    assert!(came.iter().all(|each| each["verdict"] == "received" || each["verdict"] == "refused"), "{came:?}");
    let id = pair.listed("ours")[0]["id"].as_str().unwrap().to_owned();
    let (code, again) = pair.json("ours", &["transmission", "redeliver", &id, "--again"]);
    assert_eq!((code, &again["verdict"]), (Some(0), &"delivered".into()), "{again}");
    assert_eq!(pair.arrived(), BTreeMap::from([("UNA:+.? 'order'".to_owned(), 1)]));
}
