use std::sync::{Arc, Mutex};

use super::*;

const SOON: Duration = Duration::from_millis(200);

fn link() -> Vec<ToOpen> {
    vec![ToOpen::Link("countersign://connection/a".to_owned()), ToOpen::File("/tmp/ü.cer".into())]
}

/// A runtime on which a window takes calls, and what it was told.
struct Taking {
    runtime: Option<tokio::runtime::Runtime>,
    told: Arc<Mutex<Vec<Vec<ToOpen>>>>,
}

impl Taking {
    fn begin(first: FirstWindow) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let told: Arc<Mutex<Vec<Vec<ToOpen>>>> = Arc::default();
        let kept = Arc::clone(&told);
        runtime.spawn(first.listen(move |open| {
            kept.lock().unwrap().push(open);
            true
        }));
        Self { runtime: Some(runtime), told }
    }

    fn told(&self) -> Vec<Vec<ToOpen>> {
        self.told.lock().unwrap().clone()
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

fn keep(told: &Mutex<Vec<Vec<ToOpen>>>, open: Vec<ToOpen>) -> bool {
    told.lock().unwrap().push(open);
    true
}

fn first(folder: &Path, workspace: &Path) -> FirstWindow {
    match start_in(folder, workspace, &[], SOON) {
        WindowStart::Here(Some(first)) => first,
        WindowStart::Here(None) => panic!("nobody calls it"),
        WindowStart::BroughtForward => panic!("another is the first"),
    }
}

fn brought_forward(folder: &Path, workspace: &Path, open: &[ToOpen]) -> bool {
    matches!(start_in(folder, workspace, open, Duration::from_secs(20)), WindowStart::BroughtForward)
}

#[test]
fn the_first_takes_what_the_second_brings_and_when_it_is_gone_the_next_is_first() {
    let guard = tempfile::tempdir().unwrap();
    let (one, other) = (guard.path().join("one"), guard.path().join("other"));
    let window = Taking::begin(first(guard.path(), &one));
    assert!(brought_forward(guard.path(), &one, &link()));
    assert!(brought_forward(guard.path(), &one, &[]));
    assert_eq!(window.told(), [link(), Vec::new()]);
    // One on another workspace is not asked.
    let beside = first(guard.path(), &other);
    drop(window);
    drop(first(guard.path(), &one));
    drop(beside);
}

#[test]
fn what_a_killed_one_left_keeps_nobody_waiting_and_one_that_is_stuck_not_for_long() {
    let guard = tempfile::tempdir().unwrap();
    let workspace = guard.path().join("w");
    // Without a lock on it, what lies there was left.
    let place = guard.path().join(key(&workspace));
    std::fs::write(place.with_extension("lock"), "").unwrap();
    std::fs::write(place.with_extension("socket"), "left").unwrap();
    let begun = Instant::now();
    let stuck = first(guard.path(), &workspace);
    assert!(begun.elapsed() < Duration::from_secs(2));
    // It holds the place and takes no calls: another window opens all the same.
    assert!(matches!(start_in(guard.path(), &workspace, &[], SOON), WindowStart::Here(None)));
    drop(stuck);
    drop(first(guard.path(), &workspace));
}

#[test]
fn one_that_is_being_closed_takes_nothing_and_the_next_opens_when_it_is_gone() {
    let guard = tempfile::tempdir().unwrap();
    let workspace = guard.path().join("w");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let closing = runtime.spawn(first(guard.path(), &workspace).listen(|_| false));
    assert!(matches!(start_in(guard.path(), &workspace, &link(), SOON), WindowStart::Here(None)));
    let gone = std::thread::Builder::new().spawn(move || {
        std::thread::sleep(SOON);
        closing.abort();
        runtime.shutdown_timeout(Duration::from_secs(5));
    });
    let next = start_in(guard.path(), &workspace, &link(), Duration::from_secs(20));
    assert!(matches!(next, WindowStart::Here(Some(_))));
    gone.unwrap().join().unwrap();
}

#[cfg(unix)]
#[test]
fn nobody_else_can_call_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let guard = tempfile::tempdir().unwrap();
    let workspace = guard.path().join("w");
    let _first = first(guard.path(), &workspace);
    for end in ["lock", "socket"] {
        let file = guard.path().join(key(&workspace)).with_extension(end);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{end}");
    }
}

/// Says something to a window by the line of either kind, and what it was told.
fn heard(said: &[u8], word: &str, workspace: &str) -> (Vec<Vec<ToOpen>>, Vec<u8>) {
    let told = Mutex::new(Vec::new());
    // Only who says nothing is not waited for.
    let patience = if said.is_empty() { Duration::from_millis(300) } else { Duration::from_secs(20) };
    let answered = crate::app::run(async {
        let (mut caller, window) = tokio::io::duplex(2 * LONGEST as usize);
        caller.write_all(said).await.unwrap();
        let taken =
            tokio::time::timeout(patience, hear(window, word, Path::new(workspace), &|open| keep(&told, open))).await;
        drop(taken);
        let mut answered = Vec::new();
        caller.read_to_end(&mut answered).await.unwrap();
        answered
    });
    (told.into_inner().unwrap(), answered.unwrap())
}

#[test]
fn a_call_that_is_not_for_it_or_never_ends_is_not_taken() {
    let call = |word: &str, workspace: &str, open: Vec<ToOpen>| {
        let mut said = serde_json::to_vec(&Call { word: word.to_owned(), workspace: workspace.into(), open }).unwrap();
        said.push(b'\n');
        said
    };
    assert_eq!(heard(&call("word", "/w", link()), "word", "/w"), (vec![link()], TAKEN.to_vec()));
    let many = vec![ToOpen::Link("x".to_owned()); MOST + 1];
    for said in [
        call("wrong", "/w", link()),
        call("", "/w", link()),
        call("word", "/other", link()),
        call("word", "/w", many),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        b"{}\n".to_vec(),
        b"".to_vec(),
        vec![b'['; LONGEST as usize + 10],
    ] {
        assert_eq!(
            heard(&said, "word", "/w"),
            (Vec::new(), Vec::new()),
            "{}",
            String::from_utf8_lossy(&said[..said.len().min(60)])
        );
    }
}

#[test]
fn at_a_port_the_word_in_the_file_opens_it() {
    let guard = tempfile::tempdir().unwrap();
    let place = guard.path().join("w");
    let line = loopback::open(&place).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(place.with_extension("line")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let caller = std::thread::Builder::new()
        .spawn({
            let place = place.clone();
            move || {
                let (mut stream, word) = loopback::call(&place, CALL)?;
                say(&mut stream, Call { word, workspace: "/w".into(), open: link() })
            }
        })
        .unwrap();
    let told = Mutex::new(Vec::new());
    crate::app::run(async {
        let (stream, _) = line.listener().unwrap().accept().await.unwrap();
        hear(stream, line.word(), Path::new("/w"), &|open| keep(&told, open)).await.unwrap();
    })
    .unwrap();
    caller.join().unwrap().unwrap();
    assert_eq!(told.into_inner().unwrap(), [link()]);
    drop(line);
    assert!(!place.with_extension("line").exists());
}

#[test]
fn a_workspace_is_the_same_however_its_folder_is_written() {
    let guard = tempfile::tempdir().unwrap();
    let folder = guard.path().canonicalize().unwrap();
    std::fs::create_dir(folder.join("a")).unwrap();
    // That there is none yet makes no difference.
    let fresh = whole(&folder.join("a/fresh"));
    assert_eq!(fresh, folder.join("a/fresh"));
    assert_eq!(whole(&folder.join("a/../a/fresh")), fresh);
    assert_eq!(whole(&folder.join("a/")), folder.join("a"));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.join("a"), folder.join("b")).unwrap();
        assert_eq!(whole(&folder.join("b/fresh")), fresh);
    }
    assert_ne!(key(&fresh), key(&folder.join("a")));
}
