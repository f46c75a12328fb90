"""What OpenSSL makes, received: every cipher and digest, and the ways of writing CMS that the standard allows."""

import base64
import hashlib
import itertools

import cms
import mime
from receiving import ENVELOPE, FIELDS, PAYLOAD_FIELDS, answered, disposition, report_of
from world import CIPHERS, CURVES, DIGESTS, GCM, PAYLOADS, holds, on_curve, same

# What is varied: a name, options for signing, options for encrypting.
VARIANTS = [
    ("its own line ends as CRLF", ("-crlfeol",), ()),
    ("BER of indefinite length", (), ("-stream",)),
    ("signature as BER of indefinite length", ("-stream",), ()),
    ("recipient by key identifier", (), ("-keyid",)),
    ("signer by key identifier", ("-keyid",), ()),
    ("no signed attributes", ("-noattr",), ()),
    ("no S/MIME capabilities", ("-nosmimecap",), ()),
    ("no certificate inside", ("-nocerts",), ()),
    ("nothing but the signature", ("-nocerts", "-noattr", "-keyid"), ("-keyid", "-stream")),
    ("RSASSA-PSS", ("-keyopt", "rsa_padding_mode:pss"), ()),
    ("RSASSA-PSS, salt as long as it can be", ("-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:max"), ()),
    ("RSAES-OAEP with SHA-1", (), ("-keyopt", "rsa_padding_mode:oaep")),
    *((f"RSAES-OAEP with {digest.upper()}", (),
       ("-keyopt", "rsa_padding_mode:oaep", "-keyopt", f"rsa_oaep_md:{digest}", "-keyopt", f"rsa_mgf1_md:{digest}"))
      for digest in DIGESTS[1:]),
    # The default of Java's OAEP, and others with another digest for the mask than for the label.
    *((f"RSAES-OAEP with {label.upper()} and the mask of {mask.upper()}", (),
       ("-keyopt", "rsa_padding_mode:oaep", "-keyopt", f"rsa_oaep_md:{label}", "-keyopt", f"rsa_mgf1_md:{mask}"))
      for label, mask in itertools.permutations(DIGESTS, 2)),
]


def received(world, server, name, payload, digest, envelope, signed, **changes):
    """Posts an envelope; holds that the file arrives and that the signed receipt is positive, with OpenSSL's word."""
    fields = {**FIELDS, **ENVELOPE, "Message-ID": f"<{name.replace(' ', '-')}@peer.example>"}
    fields.update({key.replace("_", "-"): value for key, value in changes.items()})
    report = report_of(answered(server.url, fields, envelope), world.certificate)
    same("the disposition", disposition(report), "processed")
    same("the file", server.inbox("openssl").get(name), payload)
    mic, _, algorithm = report["received-content-mic"].partition(",")
    same("the MIC", mic.strip(), base64.b64encode(hashlib.new(digest, signed).digest()).decode())
    same("its algorithm", algorithm.strip().replace("-", ""), digest)
    entry = server.inbound(fields["Message-ID"])[0]
    same("the verdict", (entry["verdict"], entry["connection"]), ("received", "openssl"))
    same("the kept body", world.raw(entry, "request")[1], envelope)


def entity_of(name, payload):
    """A payload as MIME entity."""
    return mime.entity([*PAYLOAD_FIELDS, ("Content-Disposition", f'attachment; filename="{name}"')], payload)


def ec_keys(checks, world, server, party, curve, digest):
    """Recipients and signers with EC keys."""
    us, them = on_curve(world.folder, f"us-{curve}", curve), on_curve(world.folder, f"them-{curve}", curve)
    world.take_identity(f"us-{curve}", us)
    world.connect("openssl-ec", "ACME", f"OPENSSL {curve}", "http://127.0.0.1:9/as2", them.certificate,
                  identity=f"us-{curve}", signing=digest)
    payload = PAYLOADS["binary"]
    variants = [((cipher,), (cipher, ())) for cipher in [*CIPHERS, *GCM]]
    variants += [(("derivation", kdf), ("aes256-gcm", ("-keyopt", f"ecdh_kdf_md:{kdf}")))
                 for kdf in ("sha1", "sha224", "sha256", "sha384", "sha512")]
    variants += [(("cofactor",), ("aes128-gcm", ("-keyopt", "ecdh_cofactor_mode:1"))),
                 (("key identifier",), ("aes128-cbc", ("-keyid", "-stream")))]
    for title, (cipher, encrypting) in variants:
        name = f"{curve} {' '.join(title)}.edi"
        with checks.check(f"openssl sends for a key on {curve}: {' '.join(title)}"):
            entity = entity_of(name, payload)
            envelope = cms.encrypt(cms.sign(entity, them, digest), [us.certificate], cipher, *encrypting)
            fields = {**FIELDS, **ENVELOPE, "AS2-From": f'"OPENSSL {curve}"',
                      "Message-ID": f"<{name.replace(' ', '-')}@peer.example>"}
            report = report_of(answered(server.url, fields, envelope), us.certificate)
            same("the disposition", disposition(report), "processed")
            same("the file", server.inbox("openssl-ec").get(name), payload)


def for_whom(checks, world, server, party, stranger):
    """Whose certificate a message was encrypted for is said where it does not decrypt."""
    inner = cms.sign(entity_of("whom.edi", PAYLOADS["crlf"]), party, "sha256")
    good = cms.encrypt(inner, [world.certificate], "aes256-gcm")
    for title, envelope, says in [
            ("the sender's own certificate", cms.encrypt(inner, [party.certificate], "aes256-gcm"), "and not ours"),
            ("a stranger's", cms.encrypt(inner, [stranger.certificate], "aes128-cbc", "-keyid"), "which is not ours"),
            ("a password", cms.openssl("-encrypt", "-binary", "-outform", "DER", "-aes-128-cbc", "-pwri_password", "secret",
                                       "-in", "in", inputs={"in": inner}), "a password or a key that both sides share"),
            ("ours, changed on the way", good[:-1] + bytes([good[-1] ^ 1]), "identity `acme`")]:
        with checks.check(f"openssl sends what does not decrypt, for {title}"):
            fields = {**FIELDS, **ENVELOPE, "AS2-From": "OPENSSL",
                      "Message-ID": f"<{title.replace(' ', '-')}@peer.example>"}
            report = report_of(answered(server.url, fields, envelope), world.certificate)
            same("the disposition", disposition(report), "processed/error: decryption-failed")
            diagnosis = server.inbound(fields["Message-ID"])[0]["diagnosis"]
            holds(says in diagnosis["explanation"], f"the diagnosis does not say whose it is: {diagnosis}")


def unsigned_with_bare_line_feeds(checks, world, server, party):
    """The MIC of what is encrypted and not signed is over headers with CRLF (RFC 4130 section 7.3.1), whatever came."""
    world.connect("bare", "ACME", "OPENSSL BARE", "http://127.0.0.1:9/as2", party.certificate, require="none")
    payload = b"ISA*00*~\nGS*PO~\n"
    for name, end in [("crlf", b"\r\n"), ("lf", b"\n")]:
        with checks.check(f"openssl encrypts what is not signed, with headers in {name}"):
            head = end.join([b"Content-Type: application/edi-x12", b"Content-Disposition: attachment; filename=bare.edi",
                             b"", b""])
            fields = {**FIELDS, **ENVELOPE, "AS2-From": '"OPENSSL BARE"', "Message-ID": f"<bare-{name}@peer.example>"}
            envelope = cms.encrypt(head + payload, [world.certificate], "aes128-cbc")
            report = report_of(answered(server.url, fields, envelope), world.certificate)
            same("the disposition", disposition(report), "processed")
            canonical = head.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + payload
            expected = base64.b64encode(hashlib.sha256(canonical).digest()).decode()
            same("the MIC", report["received-content-mic"].partition(",")[0].strip(), expected)


def run(checks, world, server, party, stranger):
    """All that OpenSSL makes."""
    if not checks.wants("openssl"):
        return
    # Its own pair of identifiers, so that it does not meet the profile of the other checks.
    world.connect("openssl", "ACME", "OPENSSL", "http://127.0.0.1:9/as2", party.certificate)
    sender = {"AS2_From": "OPENSSL"}

    def check(title, name, payload, digest, signing=(), cipher="aes128-cbc", encrypting=(), recipients=None):
        with checks.check(f"openssl sends {title}"):
            entity = entity_of(name, payload)
            inner = cms.sign(entity, party, digest, *signing)
            envelope = cms.encrypt(inner, recipients or [world.certificate], cipher, *encrypting)
            received(world, server, name, payload, digest, envelope, entity, **sender)

    for (cipher, digest), (kind, payload) in itertools.product(
            itertools.product(CIPHERS, DIGESTS), [("crlf", PAYLOADS["crlf"]), ("binary", PAYLOADS["binary"])]):
        check(f"{cipher} {digest} {kind}", f"{cipher} {digest} {kind}.edi", payload, digest, cipher=cipher)
    for kind in ("lf", "empty"):
        check(f"payload {kind}", f"payload {kind}.edi", PAYLOADS[kind], "sha256")
    for index, (title, signing, encrypting) in enumerate(VARIANTS):
        check(title, f"variant {index}.edi", PAYLOADS["binary"], "sha256", signing, "aes256-cbc", encrypting)
    for title, recipients in [("two recipients, we are the first", [world.certificate, stranger.certificate]),
                              ("two recipients, we are the second", [stranger.certificate, world.certificate])]:
        check(title, f"{title}.edi", PAYLOADS["binary"], "sha256", recipients=recipients)

    for cipher, (how, encrypting) in itertools.product(
            GCM, [("", ()), (", piece by piece", ("-stream",)), (", recipient by key identifier", ("-keyid",))]):
        check(f"{cipher}{how}", f"{cipher}{how}.edi", PAYLOADS["binary"], "sha256", (), cipher, encrypting)
    for curve, digest in zip(CURVES, ["sha256", "sha384"]):
        ec_keys(checks, world, server, party, curve, digest)
    unsigned_with_bare_line_feeds(checks, world, server, party)
    for_whom(checks, world, server, party, stranger)

    with checks.check("openssl sends the envelope in base64"):
        name, payload = "base64.edi", PAYLOADS["binary"]
        entity = entity_of(name, payload)
        written = cms.encrypt(cms.sign(entity, party, "sha256"), [world.certificate], "aes128-cbc", "-outform", "SMIME")
        head, body = mime.split_head(written)
        received(world, server, name, payload, "sha256", body, entity, **sender,
                 Content_Type=head["content-type"], Content_Transfer_Encoding="base64")
    with checks.check("openssl sends two signatures, one of them the partner's"):
        name, payload = "two signatures.edi", PAYLOADS["binary"]
        entity = entity_of(name, payload)
        inner = cms.openssl("-sign", "-binary", "-in", "in", "-md", "sha256", "-signer", stranger.certificate, "-inkey",
                            stranger.key, "-signer", party.certificate, "-inkey", party.key, inputs={"in": entity})
        envelope = cms.encrypt(inner, [world.certificate], "aes128-cbc")
        received(world, server, name, payload, "sha256", envelope, entity, **sender)
    with checks.check("openssl sends 20 MB, piece by piece"):
        name, payload = "large.bin", PAYLOADS["binary"] * (20 * 1024 * 1024 // len(PAYLOADS["binary"]))
        entity = entity_of(name, payload)
        envelope = cms.encrypt(cms.sign(entity, party, "sha256"), [world.certificate], "aes256-cbc", "-stream")
        fields = {**FIELDS, **ENVELOPE, "AS2-From": "OPENSSL", "Message-ID": "<large@peer.example>"}
        report = report_of(answered(server.url, fields, envelope), world.certificate)
        same("the disposition", disposition(report), "processed")
        holds(server.inbox("openssl").get(name) == payload, "the file is not what was sent")
