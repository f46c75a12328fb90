//! What a message's form can vary in, every combination of it, and the fewest that hold each value with each other.

use std::fmt;

use countersign::domain::algorithm::{Compression, Digest, Encryption, SignatureScheme, Signing};
use countersign::domain::connection::MdnMode;
use countersign::domain::transmission::{Light, Lights};

/// The kind of key that both sides have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Rsa,
    P256,
    P384,
}

impl Key {
    pub(super) const ALL: [Self; 3] = [Self::Rsa, Self::P256, Self::P384];

    /// Its word, which is also the id of the connection that uses it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::P256 => "p256",
            Self::P384 => "p384",
        }
    }
}

/// Who signs how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) key: Key,
    signing: Signing,
    scheme: SignatureScheme,
}

impl Signature {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for key in Key::ALL {
            for &signing in Signing::ALL {
                for &scheme in SignatureScheme::ALL {
                    // The scheme says something only of an RSA key that signs.
                    let says = key == Key::Rsa && signing != Signing::None;
                    if says || scheme == SignatureScheme::RsaPkcs1 {
                        all.push(Self { key, signing, scheme });
                    }
                }
            }
        }
        all
    }

    /// Whether it can be saved: no PSS with SHA-1, and an EC key signs with the digest of its strength alone.
    const fn is_possible(self) -> bool {
        match self.key {
            Key::Rsa => !matches!((self.signing, self.scheme), (Signing::Sha1, SignatureScheme::RsaPss)),
            Key::P256 => matches!(self.signing, Signing::None | Signing::Sha256),
            Key::P384 => matches!(self.signing, Signing::None | Signing::Sha384),
        }
    }
}

/// What a profile says about the form of its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) encryption: Encryption,
    pub(super) signature: Signature,
    pub(super) compression: Compression,
    pub(super) mdn: MdnMode,
}

impl Form {
    pub(super) const fn is_possible(&self) -> bool {
        self.signature.is_possible()
    }

    /// The settings that say it.
    pub(super) fn settings(&self) -> Vec<(String, String)> {
        [
            ("encryption", self.encryption.as_str()),
            ("signing", self.signature.signing.as_str()),
            ("signature_scheme", self.signature.scheme.as_str()),
            ("compression", self.compression.as_str()),
            ("mdn", self.mdn.as_str()),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// How the Content-Type of the message begins: its outermost layer.
    pub(super) const fn announced(&self) -> &'static str {
        let signed = !matches!(self.signature.signing, Signing::None);
        match (self.encryption, self.compression) {
            (Encryption::Aes128Gcm | Encryption::Aes192Gcm | Encryption::Aes256Gcm, _) => {
                "application/pkcs7-mime; smime-type=authEnveloped-data"
            }
            (Encryption::None, Compression::AfterSigning) => "application/pkcs7-mime; smime-type=compressed-data",
            (Encryption::None, Compression::BeforeSigning) if !signed => {
                "application/pkcs7-mime; smime-type=compressed-data"
            }
            (Encryption::None, _) if signed => "multipart/signed; ",
            (Encryption::None, _) => "application/edi-x12",
            _ => "application/pkcs7-mime; smime-type=enveloped-data",
        }
    }

    /// The lights when all is well.
    pub(super) fn lights(&self) -> Lights {
        let owed = |asked| if asked { Light::Good } else { Light::NotAsked };
        let receipt = owed(self.mdn != MdnMode::None);
        Lights {
            http: Light::Good,
            receipt,
            receipt_signature: owed(self.mdn.is_signed()),
            disposition: receipt,
            mic: receipt,
        }
    }

    /// The digest of the MIC: that of the signature, or what is asked for by default.
    pub(super) fn mic(&self) -> Digest {
        self.signature.signing.digest().unwrap_or(Digest::Sha256)
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Signature { key, signing, scheme } = self.signature;
        let (encryption, compression, mdn) = (self.encryption, self.compression, self.mdn);
        write!(f, "{encryption}, {} {signing} {scheme}, compression {compression}, mdn {mdn}", key.name())
    }
}

/// A payload that something could go wrong with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) name: &'static str,
    pub(super) bytes: Vec<u8>,
}

pub(super) fn samples() -> Vec<Sample> {
    let binary: Vec<u8> = (0..=255).cycle().take(1500).collect();
    [
        ("empty", b"".to_vec()),
        ("one-byte", b"x".to_vec()),
        ("crlf", b"UNB+UNOC:3+US+THEM'\r\nUNZ+0+1'\r\n".to_vec()),
        ("bare-lf", b"UNB+UNOC:3+US+THEM'\nUNZ+0+1'\n".to_vec()),
        ("binary", binary),
        ("no-final-newline", b"UNB+UNOC:3+US+THEM'\r\nUNZ+0+1'".to_vec()),
        (
            "like-boundaries",
            b"--\r\n----\r\n--=_countersign_\r\n--=_countersign_00000000000000000000000000000000\r\n\
              Content-Type: text/plain\r\n\r\n\n--=_countersign_00000000000000000000000000000000--\r\n--\r\n--"
                .to_vec(),
        ),
    ]
    .map(|(name, bytes)| Sample { name, bytes })
    .into()
}

/// One point of the matrix: which value it has on each axis, and what that makes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Combination {
    at: [usize; AXES],
    pub(super) form: Form,
    /// Which of the samples.
    pub(super) sample: usize,
}

/// Encryption, signature, compression, receipt, payload.
const AXES: usize = 5;

/// All of them, those that are refused on save included.
pub(super) fn every(samples: usize) -> Vec<Combination> {
    let receipts: Vec<MdnMode> = MdnMode::ALL.to_vec();
    let mut all = Vec::new();
    for (first, &encryption) in Encryption::ALL.iter().enumerate() {
        for (second, signature) in Signature::all().into_iter().enumerate() {
            for (third, &compression) in Compression::ALL.iter().enumerate() {
                for (fourth, &mdn) in receipts.iter().enumerate() {
                    let form = Form { encryption, signature, compression, mdn };
                    all.extend((0..samples).map(|sample| Combination {
                        at: [first, second, third, fourth, sample],
                        form,
                        sample,
                    }));
                }
            }
        }
    }
    all
}

/// As few as a greedy choice finds that hold each value of each axis together with each value of each other.
pub(super) fn pairwise(all: &[Combination]) -> Vec<Combination> {
    /// More than any axis has values.
    const MOST: usize = 32;
    assert!(all.iter().flat_map(|each| each.at).all(|value| value < MOST));
    let pairs = |each: &Combination| {
        let at = each.at;
        let axes = (0..AXES).flat_map(|first| (first + 1..AXES).map(move |second| (first, second)));
        axes.map(move |(first, second)| ((first * AXES + second) * MOST + at[first]) * MOST + at[second])
    };
    let mut open = vec![false; AXES * AXES * MOST * MOST];
    for pair in all.iter().flat_map(pairs) {
        open[pair] = true;
    }
    let mut chosen = Vec::new();
    loop {
        let gain = |each: &&Combination| pairs(each).filter(|pair| open[*pair]).count();
        let Some(best) = all.iter().max_by_key(gain).filter(|best| gain(best) > 0) else { return chosen };
        for pair in pairs(best) {
            open[pair] = false;
        }
        chosen.push(*best);
    }
}

/// The same with all that share a form behind one another, as it is set once for them.
pub(super) fn by_form(mut combinations: Vec<Combination>) -> Vec<(Form, Vec<usize>)> {
    combinations.sort_by_key(|each| each.at);
    let mut forms: Vec<(Form, Vec<usize>)> = Vec::new();
    for Combination { form, sample, .. } in combinations {
        match forms.last_mut().filter(|(last, _)| *last == form) {
            Some((_, samples)) => samples.push(sample),
            None => forms.push((form, vec![sample])),
        }
    }
    forms
}
