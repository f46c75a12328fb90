//! A mail server for one test: takes mail, or refuses it in one of the ways that mail servers have.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine as _;

/// How the server behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Takes mail from whoever logs in as `edi` with the password `secret`, or does not log in.
    Takes,
    /// Takes nobody's password.
    RefusesPassword,
    /// Does not know this recipient.
    RefusesRecipient(&'static str),
    /// Speaks TLS from the first byte.
    Tls,
    /// Offers STARTTLS, and takes nothing before it.
    StartTls,
}

/// A mail as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Came {
    pub(super) from: String,
    pub(super) to: Vec<String>,
    pub(super) data: String,
    pub(super) as_user: bool,
    pub(super) over_tls: bool,
}

impl Came {
    /// A field of its head, unfolded.
    pub(super) fn field(&self, name: &str) -> String {
        let head = self.data.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
        let begin = format!("{name}: ");
        head.split("\r\n").find_map(|line| line.strip_prefix(&begin)).unwrap_or_default().to_owned()
    }

    /// Its text, decoded.
    pub(super) fn text(&self) -> String {
        let body = self.data.split_once("\r\n\r\n").unwrap().1;
        match self.field("Content-Transfer-Encoding").as_str() {
            "base64" => {
                let digits: String = body.split_whitespace().collect();
                String::from_utf8(base64::engine::general_purpose::STANDARD.decode(digits).unwrap()).unwrap()
            }
            "quoted-printable" => quoted_printable(body),
            _ => body.to_owned(),
        }
    }
}

fn quoted_printable(body: &str) -> String {
    let joined = body.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'=' && after.len() >= 2 {
            let digits = std::str::from_utf8(&after[..2]).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// A running server.
pub(super) struct MailServer {
    pub(super) address: SocketAddr,
    /// Its certificate as PEM, where it speaks TLS.
    pub(super) certificate: String,
    manner: Arc<Mutex<Manner>>,
    came: Arc<Mutex<Vec<Came>>>,
    /// Every line that a client has said without TLS.
    said: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    pub(super) fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())
            .unwrap();
        let server = Self {
            address,
            certificate: cert.pem(),
            manner: Arc::new(Mutex::new(manner)),
            came: Arc::default(),
            said: Arc::default(),
        };
        let (manner, came, said) = (Arc::clone(&server.manner), Arc::clone(&server.came), Arc::clone(&server.said));
        let tls = Arc::new(tls);
        // Ends with the test's process.
        std::thread::Builder::new()
            .name("mail-server".to_owned())
            .spawn(move || {
                for stream in listener.incoming().flatten() {
                    let (manner, came, said) = (Arc::clone(&manner), Arc::clone(&came), Arc::clone(&said));
                    let tls = Arc::clone(&tls);
                    let talk = move || {
                        let manner = manner.lock().unwrap().clone();
                        // A client that goes away in the middle is the client's test.
                        talk(stream, &manner, &tls, &came, &said).ok();
                    };
                    std::thread::Builder::new().name("mail-talk".to_owned()).spawn(talk).unwrap();
                }
            })
            .unwrap();
        server
    }

    pub(super) fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    pub(super) fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }

    pub(super) fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }
}

fn talk(
    stream: TcpStream,
    manner: &Manner,
    tls: &Arc<rustls::ServerConfig>,
    came: &Mutex<Vec<Came>>,
    said: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    if *manner == Manner::Tls {
        let connection = rustls::ServerConnection::new(Arc::clone(tls)).map_err(std::io::Error::other)?;
        let stream = rustls::StreamOwned::new(connection, stream);
        return converse(stream, manner, true, came, said).map(|_| ());
    }
    let raw = stream.try_clone()?;
    if converse(stream, manner, false, came, said)? {
        let connection = rustls::ServerConnection::new(Arc::clone(tls)).map_err(std::io::Error::other)?;
        let stream = rustls::StreamOwned::new(connection, raw);
        converse(stream, &Manner::Takes, true, came, said)?;
    }
    Ok(())
}

/// One conversation. Answers whether it goes on under TLS.
fn converse(
    stream: impl Read + Write,
    manner: &Manner,
    over_tls: bool,
    came: &Mutex<Vec<Came>>,
    said: &Mutex<Vec<String>>,
) -> std::io::Result<bool> {
    let mut stream = BufReader::with_capacity(1, stream);
    let say = |stream: &mut BufReader<_>, text: &str| {
        let inner: &mut dyn Write = stream.get_mut();
        inner.write_all(text.as_bytes()).and_then(|()| inner.flush())
    };
    // After STARTTLS the server does not greet again.
    if !(over_tls && *manner == Manner::Takes) {
        say(&mut stream, "220 localhost ready\r\n")?;
    }
    let mut mail = Came { over_tls, ..Came::default() };
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        let line = line.trim_end().to_owned();
        if !over_tls {
            said.lock().unwrap().push(line.clone());
        }
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match word.as_str() {
            "EHLO" if *manner == Manner::StartTls => "250-localhost\r\n250 STARTTLS\r\n".to_owned(),
            "EHLO" => "250-localhost\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN\r\n".to_owned(),
            "STARTTLS" if *manner == Manner::StartTls => {
                say(&mut stream, "220 go ahead\r\n")?;
                return Ok(true);
            }
            _ if *manner == Manner::StartTls && word != "QUIT" => "530 5.7.0 STARTTLS first\r\n".to_owned(),
            "AUTH" => {
                let secret = base64::engine::general_purpose::STANDARD.encode("\0edi\0secret");
                if *manner != Manner::RefusesPassword && line == format!("AUTH PLAIN {secret}") {
                    mail.as_user = true;
                    "235 2.7.0 welcome\r\n".to_owned()
                } else {
                    "535 5.7.8 Username and password not accepted\r\n".to_owned()
                }
            }
            "MAIL" => {
                mail.from = address(&line);
                "250 2.1.0 ok\r\n".to_owned()
            }
            "RCPT" => {
                let to = address(&line);
                if matches!(manner, Manner::RefusesRecipient(who) if *who == to) {
                    "550 5.1.1 no such user here\r\n".to_owned()
                } else {
                    mail.to.push(to);
                    "250 2.1.5 ok\r\n".to_owned()
                }
            }
            "DATA" => {
                say(&mut stream, "354 go ahead\r\n")?;
                loop {
                    let mut line = String::new();
                    stream.read_line(&mut line)?;
                    if line == ".\r\n" {
                        break;
                    }
                    mail.data.push_str(line.strip_prefix('.').unwrap_or(&line));
                }
                came.lock().unwrap().push(std::mem::take(&mut mail));
                "250 2.0.0 taken\r\n".to_owned()
            }
            "QUIT" => {
                say(&mut stream, "221 bye\r\n")?;
                return Ok(false);
            }
            "RSET" | "NOOP" => "250 ok\r\n".to_owned(),
            _ => "502 5.5.1 what?\r\n".to_owned(),
        };
        say(&mut stream, &answer)?;
    }
}

fn address(line: &str) -> String {
    line.split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .map_or_else(String::new, |(address, _)| address.to_owned())
}
