//! The desktop's own notifications. Where there is no service for them nothing is shown, and it is tried again later.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use notify_rust::{Notification, Timeout};
use tokio::sync::oneshot;

use crate::domain::notice::Notice;

/// How many notices are named in one notification.
const MOST: usize = 4;

/// Whether one is being shown: a service that hangs holds up one thread, not one a minute.
static SHOWING: AtomicBool = AtomicBool::new(false);

/// So long is waited for the service at most. Nobody knows whether it shows what it takes longer for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is known of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The service has taken it.
    Yes,
    /// It was not shown, for certain.
    No,
    /// The service has not answered yet, and may show it.
    Unknown,
}

/// Shows one notification for all of them, from a thread of its own.
pub(super) async fn notify(notices: Vec<Notice>) -> Shown {
    let (head, text) = words(&notices);
    if SHOWING.swap(true, Ordering::AcqRel) {
        return Shown::No;
    }
    let (tell, shown) = oneshot::channel();
    let show = move || {
        let shown =
            Notification::new().appname("Countersign").summary(&head).body(&text).timeout(Timeout::Default).show();
        SHOWING.store(false, Ordering::Release);
        // Nobody may wait for it any more.
        tell.send(shown.is_ok()).ok();
    };
    if std::thread::Builder::new().name("desktop-notification".to_owned()).spawn(show).is_err() {
        SHOWING.store(false, Ordering::Release);
        return Shown::No;
    }
    within(PATIENCE, shown).await
}

/// What the service has answered by then.
async fn within(patience: Duration, shown: oneshot::Receiver<bool>) -> Shown {
    match tokio::time::timeout(patience, shown).await {
        Ok(Ok(true)) => Shown::Yes,
        Ok(Ok(false) | Err(_)) => Shown::No,
        Err(_elapsed) => Shown::Unknown,
    }
}

fn words(notices: &[Notice]) -> (String, String) {
    match notices {
        // The head is shown as it is, the text may hold markup.
        [only] => {
            (only.title.chars().filter(|character| !character.is_control()).take(300).collect(), plain(&only.text))
        }
        several => {
            let mut lines: Vec<String> = several.iter().take(MOST).map(|notice| plain(&notice.title)).collect();
            if several.len() > MOST {
                lines.push(format!("and {} more", several.len() - MOST));
            }
            (format!("{} notices", several.len()), lines.join("\n"))
        }
    }
}

/// Services read a little markup in the text: what came from outside is not to be any.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .take(300)
        .flat_map(|character| match character {
            '<' => "&lt;".chars().collect::<Vec<_>>(),
            '>' => "&gt;".chars().collect(),
            '&' => "&amp;".chars().collect(),
            other => vec![other],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::notice::{NoticeKind, Urgency};

    #[test]
    fn several_are_one_and_names_are_no_markup() {
        let notice = |title: &str| {
            let at = "2026-11-24T08:00:00Z".parse().unwrap();
            Notice::event(NoticeKind::FirstSight, title, Urgency::Soon, at).saying(title, "text & more", "")
        };
        assert_eq!(words(&[notice("<b>Acme")]), ("<b>Acme".to_owned(), "text &amp; more".to_owned()));
        let many: Vec<Notice> = (0..6).map(|number| notice(&number.to_string())).collect();
        assert_eq!(words(&many), ("6 notices".to_owned(), "0\n1\n2\n3\nand 2 more".to_owned()));
    }

    #[tokio::test]
    async fn what_is_not_answered_in_time_may_be_shown_still() {
        let told = async |answer: Option<bool>| {
            let (tell, shown) = oneshot::channel();
            match answer {
                Some(answer) => tell.send(answer).unwrap(),
                None => return (within(Duration::from_millis(1), shown).await, tell.is_closed()),
            }
            (within(Duration::from_secs(10), shown).await, true)
        };
        assert_eq!(told(Some(true)).await.0, Shown::Yes);
        assert_eq!(told(Some(false)).await.0, Shown::No);
        assert_eq!(told(None).await.0, Shown::Unknown);
    }
}
