//! What clients who take their time cost, and what the program does so that they cost nobody else.

use std::process::{Command, Stdio};

use crate::exchange::{DOCUMENT, Partner, Us, listening, post};
use crate::running::Running;

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_open_files_that_a_user_begins_with_is_raised() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/", "").await;
    let serve = format!(
        "ulimit -Sn 64 && exec {} --workspace {} serve --listen 127.0.0.1:0 --inbox {}",
        env!("CARGO_BIN_EXE_countersign"),
        us.workspace().display(),
        us.path("inbox").display()
    );
    let mut command = Command::new("sh");
    command.args(["-c", &serve]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = Running::start(&mut command);
    let url = listening(&mut child);
    // More than were open for at the beginning, and the message is taken beside them.
    let place = url.strip_prefix("http://").unwrap().split('/').next().unwrap();
    let idle: Vec<_> = (0..100).map(|_| std::net::TcpStream::connect(place).unwrap()).collect();
    let (headers, body) = Partner::message(&us.certificate, "<1@partner>", DOCUMENT.as_bytes(), &[]);
    let answered = post(&url, &headers, &body);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    child.end();
    assert!(String::from_utf8_lossy(&answered.body).contains("; processed"), "{answered:?}");
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let soft: u64 = line.split_whitespace().nth(3).unwrap().parse().unwrap();
    assert!(soft > 64, "{line}");
    drop(idle);
}
