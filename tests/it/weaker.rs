//! What comes in weaker than it should be: taken and said, or refused, as the profile and its policy want it. Where nothing is
//! known of the policy, the profile's own settings are the least.

use countersign::domain::algorithm::{Encryption, Signing};
use countersign::domain::connection::Profile;
use countersign::domain::diagnosis::Diagnosis;
use countersign::domain::notice::NoticeKind;
use countersign::domain::transmission::Verdict;
use countersign::store::Workspace;

use crate::behaviour_quirks::{receiving, says};
use crate::exchange::{DOCUMENT, Partner, Serving, Us, post};

const REFUSED: &str = "/error: insufficient-message-security";

fn sha1(profile: &mut Profile) {
    profile.signing = Signing::Sha1;
}

fn triple_des(profile: &mut Profile) {
    profile.encryption = Encryption::TripleDesCbc;
}

fn as_ever(_profile: &mut Profile) {}

/// Posts a message of that form: whether it was taken, and what is said of it here.
async fn sent(us: &Us, serving: &Serving, id: &str, form: fn(&mut Profile)) -> (bool, Diagnosis) {
    let id = format!("<{id}@p>");
    let (headers, body) = Partner::message_as(&us.certificate, &id, DOCUMENT.as_bytes(), &[], form);
    let answered = post(&serving.url, &headers, &body);
    let found = us.journal().await.into_iter().find(|each| each.message_id == id).unwrap();
    let taken = found.verdict == Verdict::Received;
    assert_eq!(says(&answered, "; processed") && !says(&answered, "/error"), taken, "{answered:?}");
    assert_eq!(says(&answered, REFUSED), !taken, "{answered:?}");
    (taken, found.diagnosis.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_weaker_than_we_send_is_taken_and_said() {
    let (us, serving) = receiving("").await;
    let (taken, said) = sent(&us, &serving, "sha1", sha1).await;
    assert!(taken, "{said:?}");
    for part in [
        "it is weaker than what we send, signed over SHA-1 where we sign over SHA-256",
        "AS2 1.3 (draft) advises against SHA-1 for signing since 14 May 2026",
    ] {
        assert!(said.explanation.contains(part), "{}", said.explanation);
    }
    assert!(said.remedy.iter().any(|each| each.contains("`require_strength`")), "{:?}", said.remedy);
    let (taken, said) = sent(&us, &serving, "3des", triple_des).await;
    assert!(taken && said.explanation.contains("encrypted with 3DES where we encrypt with AES-128"), "{said:?}");
    let (taken, said) = sent(&us, &serving, "good", as_ever).await;
    assert!(taken && !said.explanation.contains("weaker") && said.remedy.is_empty(), "{said:?}");
    assert_eq!(us.inbox().len(), 3);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_wants_messages_as_strong_as_its_own_refuses_others() {
    let (us, serving) = receiving("require_strength = \"as-sent\"").await;
    for (id, form) in [("sha1", sha1 as fn(&mut Profile)), ("3des", triple_des as fn(&mut Profile))] {
        let (taken, said) = sent(&us, &serving, id, form).await;
        assert!(!taken, "{id}: {said:?}");
        assert!(said.explanation.contains("The profile wants messages as strong as those it sends"), "{said:?}");
        assert!(said.remedy[0].contains("Ask Partner for a stronger signature or cipher"), "{said:?}");
    }
    assert!(us.inbox().is_empty());
    let (taken, said) = sent(&us, &serving, "stronger", |profile| {
        (profile.signing, profile.encryption) = (Signing::Sha512, Encryption::Aes256Gcm);
    })
    .await;
    assert!(taken, "{said:?}");
    assert_eq!(us.inbox(), ["order.edi"]);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_nobody_has_signed_no_mic_is_told() {
    let (us, serving) = receiving("require = \"none\"\nrequire_strength = \"as-sent\"").await;
    for (id, form, has_mic) in [
        (
            "unsigned",
            (|profile| (profile.signing, profile.encryption) = (Signing::None, Encryption::TripleDesCbc))
                as fn(&mut Profile),
            false,
        ),
        ("signed", sha1 as fn(&mut Profile), true),
    ] {
        let id = format!("<{id}@p>");
        let (headers, body) = Partner::message_as(&us.certificate, &id, DOCUMENT.as_bytes(), &[], form);
        let answered = post(&serving.url, &headers, &body);
        assert!(says(&answered, REFUSED), "{answered:?}");
        assert_eq!(says(&answered, "Received-Content-MIC"), has_mic, "{id}");
    }
    assert!(us.inbox().is_empty());
    serving.stop().await;
}

/// A policy with one rule about what is received.
fn policy(severity: &str) -> String {
    format!(
        "id = \"house\"\nname = \"House rules\"\nkind = \"own\"\n[[rules]]\nsetting = \"signing\"\nop = \"at-least\"\n\
         value = \"sha256\"\napplies_to = \"both\"\ndirection = \"inbound\"\nseverity = \"{severity}\"\nfrom = 2020-01-01\n\
         source = \"https://house.example/\"\nquote = \"SHA-256 or better\"\nchecked = 2026-11-24\n"
    )
}

/// Puts the policy in its place, whatever it is, and has the connection judged by it.
async fn judged_by(us: &Us, text: &str) {
    let workspace = countersign::app::Location::Dir(us.workspace());
    let (unlock, now) = (countersign::app::Unlock::none(), countersign::app::Clock::System.now());
    let workspace = Workspace::open_existing(&workspace, &unlock, now).await.unwrap().unwrap();
    workspace.put_policy(&"house".parse().unwrap(), text).await.unwrap();
    let mut connection = workspace.connections().await.unwrap().remove(0);
    connection.policy = "house".parse().unwrap();
    workspace.save_connection(&connection, now).await.unwrap();
    workspace.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_rule_refuses_and_a_recommended_one_is_said() {
    let (us, serving) = receiving("signing = \"sha1\"").await;
    judged_by(&us, &policy("recommended")).await;
    let (taken, said) = sent(&us, &serving, "advised", sha1).await;
    assert!(taken, "{said:?}");
    let told = "it is signed over SHA-1 and encrypted with AES-128; House rules recommends SHA-256 or stronger for signing since 1 Jan 2020";
    assert!(said.explanation.contains(told), "{}", said.explanation);
    assert!(!said.remedy.iter().any(|each| each.contains("require_strength")), "we sign with SHA-1 as well: {said:?}");
    judged_by(&us, &policy("required")).await;
    let (taken, said) = sent(&us, &serving, "refused", sha1).await;
    assert!(!taken && said.explanation.contains("House rules requires SHA-256 or stronger for signing"), "{said:?}");
    assert!(sent(&us, &serving, "good", as_ever).await.0);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_policy_cannot_be_read_the_profile_itself_is_the_least() {
    let (us, serving) = receiving("").await;
    judged_by(&us, &policy("required").replace("\"signing\"", "\"of tomorrow\"")).await;
    let (taken, said) = sent(&us, &serving, "sha1", sha1).await;
    assert!(!taken, "{said:?}");
    for part in ["The profile's own settings are the least, SHA-256 for signing and AES-128 for encryption", "`house`"]
    {
        assert!(said.explanation.contains(part), "{}", said.explanation);
    }
    assert!(said.remedy[0].contains("Mend the policy `house`"), "{:?}", said.remedy);
    // Nobody else is kept out, and it is said.
    let (taken, said) = sent(&us, &serving, "good", as_ever).await;
    assert!(taken && said.explanation.contains("held against the profile's own settings"), "{said:?}");
    let notices = us.app.notices().await.unwrap();
    let told = notices.iter().find(|each| each.notice.kind == NoticeKind::PolicyUnread).expect("a notice says so");
    assert!(told.notice.title.contains("house") && told.notice.text.contains("Partner production"), "{told:#?}");
    serving.stop().await;
}
