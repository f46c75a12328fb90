//! A partner on a free port that does what it is told: opens messages, answers with receipts, or does something wrong.

use std::io::{BufReader, Cursor, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use countersign::as2::headers::get;
use countersign::as2::{
    BuiltReceipt, DecryptionKey, EncryptionPlan, Entity, Mic, OpeningKeys, OutboundMessage, ReceiptContent,
    SigningPlan, build_receipt, open,
};
use countersign::certificate::Certificate;
use countersign::domain::algorithm::{Digest, MicalgStyle, SignatureScheme};
use countersign::domain::connection::{Profile, SignerCertificates};
use countersign::domain::disposition::Disposition;

use super::http::{Headers, body, head};
use super::{PARTNER, PATIENCE, Party, STRANGER};

/// A request that the partner got.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        get(&self.headers, name)
    }

    /// What the message carries, and its MIC.
    pub(crate) fn opened(&self, us: &Certificate) -> (Vec<u8>, Mic) {
        let keys = [DecryptionKey { certificate: &PARTNER.certificate, key: &PARTNER.key }];
        let keys = OpeningKeys { decryption: &keys, accepted: &[us] };
        let mut payload = Vec::new();
        let opened = open(&self.headers, &mut Cursor::new(&self.body), keys, &[Digest::Sha256], &mut payload).unwrap();
        (payload, opened.mic)
    }

    /// The receipt for it, as it should be or wrong in some way.
    pub(crate) fn receipt(&self, us: &Certificate, wrong: Wrong) -> BuiltReceipt {
        let disposition = match wrong {
            Wrong::Refusal(reason) | Wrong::StrangersRefusal(reason) | Wrong::RefusalInWords(reason, _) => {
                Disposition::error(reason)
            }
            Wrong::Says(text) => Disposition::parse(text),
            _ => Disposition::processed(),
        };
        // Who refuses need not have been able to open it.
        let mic = (disposition.is_positive() && wrong != Wrong::NoMic).then(|| {
            let (_, mut mic) = self.opened(us);
            if wrong == Wrong::Mic {
                mic.value[0] ^= 0xff;
            }
            mic
        });
        let original = match wrong {
            Wrong::OtherMessage => "<somebody-else@example.com>",
            _ => self.header("Message-ID").unwrap(),
        };
        let original = if wrong == Wrong::NoBrackets { original.trim_matches(['<', '>']) } else { original };
        let content = ReceiptContent {
            from: "PARTNER",
            to: "US",
            message_id: "<receipt@partner>",
            original_message_id: original,
            disposition,
            mic: mic.as_ref(),
            micalg_style: MicalgStyle::Rfc5751,
            text: if let Wrong::RefusalInWords(_, words) = wrong { words } else { "The message was received" },
            at: countersign::app::Clock::System.now(),
        };
        let mut profile = profile();
        if wrong == Wrong::StrangerUnseen {
            profile.quirks.signer_certificates = SignerCertificates::None;
        }
        let stranger = matches!(wrong, Wrong::Stranger | Wrong::StrangerUnseen | Wrong::StrangersRefusal(_));
        let signer: &Party = if stranger { &STRANGER } else { &PARTNER };
        let plan = plan(signer, &profile);
        let mut receipt = build_receipt(&content, (wrong != Wrong::Unsigned).then_some(&plan)).unwrap();
        if wrong == Wrong::Tampered {
            let text = String::from_utf8(receipt.body).unwrap();
            receipt.body = text.replace("The message was received", "The message was recEived").into_bytes();
        }
        receipt
    }
}

/// What is wrong with a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Nothing,
    Mic,
    OtherMessage,
    NoBrackets,
    Unsigned,
    Stranger,
    Tampered,
    /// Signed by a stranger whose certificate is not in the signature.
    StrangerUnseen,
    NoMic,
    Refusal(&'static str),
    /// The same, with these words beside it.
    RefusalInWords(&'static str, &'static str),
    /// The same as without, signed by a stranger.
    StrangersRefusal(&'static str),
    /// With this disposition, as it is written behind the mode.
    Says(&'static str),
}

fn profile() -> Profile {
    toml::from_str(
        "our_as2_id = \"PARTNER\"\npartner_as2_id = \"US\"\nurl = \"http://127.0.0.1/\"\nidentity = \"partner\"\ncontent_type = \"application/edifact\"\n",
    )
    .unwrap()
}

fn plan<'a>(signer: &'a Party, profile: &'a Profile) -> SigningPlan<'a> {
    SigningPlan {
        certificate: &signer.certificate,
        chain: &[],
        key: &signer.key,
        digest: Digest::Sha256,
        scheme: SignatureScheme::RsaPkcs1,
        quirks: &profile.quirks,
        at: countersign::app::Clock::System.now(),
    }
}

/// Runs something on a thread of the partner's.
fn named(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().name("partner".to_owned()).spawn(work).unwrap();
}

/// The partner, listening.
pub(crate) struct Partner {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Partner {
    /// Answers every request that is complete as it is told.
    pub(crate) fn start(answer: impl Fn(&Received, &mut TcpStream) + Send + Sync + 'static) -> Self {
        Self::raw(move |stream, received| {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let Some((_, headers)) = head(&mut reader) else { return };
            let Some(body) = body(&mut reader, &headers, false) else { return };
            let request = Received { headers, body };
            received.lock().unwrap().push(request.clone());
            answer(&request, stream);
        })
    }

    /// Does with every connection what it is told.
    pub(crate) fn raw(serve: impl Fn(&mut TcpStream, &Mutex<Vec<Received>>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/as2", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&received);
        let serve = Arc::new(serve);
        // Ends with the test's process.
        named(move || {
            for stream in listener.incoming() {
                let (serve, kept) = (Arc::clone(&serve), Arc::clone(&kept));
                let mut stream = stream.unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                named(move || serve(&mut stream, &kept));
            }
        });
        Self { url, received }
    }

    /// Answers behind TLS, and closes without saying so, as many servers do.
    pub(crate) fn tls(
        config: Arc<rustls::ServerConfig>,
        answer: impl Fn(&Received) -> BuiltReceipt + Send + Sync + 'static,
    ) -> Self {
        let mut partner = Self::raw(move |stream, received| {
            let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = rustls::Stream::new(&mut connection, stream);
            let mut reader = BufReader::new(&mut tls);
            let Some((_, headers)) = head(&mut reader) else { return };
            let Some(body) = body(&mut reader, &headers, false) else { return };
            let request = Received { headers, body };
            received.lock().unwrap().push(request.clone());
            let receipt = answer(&request);
            let mut whole = "HTTP/1.1 200 OK\r\nConnection: close\r\n".to_owned();
            for (name, value) in &receipt.headers {
                whole.push_str(&format!("{name}: {value}\r\n"));
            }
            // Without a length: the answer ends where the connection does.
            whole.push_str("\r\n");
            tls.write_all(whole.as_bytes()).and_then(|()| tls.write_all(&receipt.body)).unwrap();
            tls.flush().unwrap();
        });
        partner.url = partner.url.replace("http://", "https://");
        partner
    }

    /// What it got so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until it got so many requests.
    pub(crate) async fn got(&self, count: usize) -> Vec<Received> {
        let begun = Instant::now();
        loop {
            let received = self.received();
            if received.len() >= count {
                return received;
            }
            assert!(begun.elapsed() < PATIENCE, "only {} requests came", received.len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Answers with a status and a body.
    pub(crate) fn answer(stream: &mut TcpStream, status: &str, headers: &[(String, String)], body: &[u8]) {
        let mut answer = format!("HTTP/1.1 {status}\r\n");
        for (name, value) in headers {
            answer.push_str(&format!("{name}: {value}\r\n"));
        }
        answer.push_str(&format!("Content-Length: {}\r\nConnection: close\r\n\r\n", body.len()));
        // Whoever has given up waiting does not read it.
        stream.write_all(answer.as_bytes()).and_then(|()| stream.write_all(body)).ok();
    }

    /// A message of the partner for us, with further headers in the place of those that it would have.
    pub(crate) fn message(
        us: &Certificate,
        message_id: &str,
        payload: &[u8],
        extra: &[(&str, &str)],
    ) -> (Headers, Vec<u8>) {
        Self::message_as(us, message_id, payload, extra, |_profile| {})
    }

    /// The same with other settings.
    pub(crate) fn message_as(
        us: &Certificate,
        message_id: &str,
        payload: &[u8],
        extra: &[(&str, &str)],
        change: impl FnOnce(&mut Profile),
    ) -> (Headers, Vec<u8>) {
        let mut profile = profile();
        change(&mut profile);
        let entity = Entity {
            content_type: profile.content_type.clone(),
            filename: Some("order.edi".to_owned()),
            transfer_encoding: profile.transfer_encoding,
            payload_length: payload.len() as u64,
        };
        let plan = plan(&PARTNER, &profile);
        let message = OutboundMessage {
            profile: &profile,
            entity: &entity,
            message_id,
            signing: profile.signing.digest().map(|digest| SigningPlan { digest, ..plan }),
            encryption: (profile.encryption != countersign::domain::algorithm::Encryption::None).then_some(
                EncryptionPlan {
                    recipient: us,
                    encryption: profile.encryption,
                    key_transport: profile.key_transport,
                    identifier: profile.quirks.recipient_identifier,
                    gcm_content: profile.quirks.gcm_content,
                },
            ),
            at: countersign::app::Clock::System.now(),
        };
        let mut body = Vec::new();
        let mut headers = message.build(&mut Cursor::new(payload), &mut body).unwrap().headers;
        for (name, value) in extra {
            headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            if !value.is_empty() {
                headers.push(((*name).to_owned(), (*value).to_owned()));
            }
        }
        (headers, body)
    }
}
