"""What we send: pyas2lib takes it and its receipt proves it; OpenSSL opens the bytes that were kept."""

import base64
import hashlib

import cms
import mime
from world import CIPHERS, CRLF_TEXT, CURVES, DIGESTS, GCM, LIGHTS, PAYLOADS, holds, on_curve, same

# Identifiers that need quotes on the wire, or look as if they did (RFC 4130 section 6.2).
IDENTIFIERS = ["WITH SPACE", 'WITH "QUOTES"', "BACK\\SLASH", 'ALL "OF\\THEM" [1]', "[BRACKETS]", "a<b>c", "#!/,=;:'@~",
               "lower-UPPER"]


def delivered(transmission, payload):
    """Holds that a transmission was delivered, with every proof there is."""
    same("the verdict", transmission["verdict"], "delivered")
    same("the lights", transmission["lights"], dict.fromkeys(LIGHTS, "good"))
    same("the length", transmission["bytes"]["payload"], len(payload))
    mic = transmission["mic"]
    holds(mic["match"] is True and mic["ours"] == mic["theirs"], f"the MIC is {mic}")
    same("the stages", {stage["status"] for stage in transmission["stages"]}, {"good"})


def combinations(checks, world, peer, party):
    """Every cipher with every digest and every kind of payload: by pyas2lib, and the kept bytes by OpenSSL."""
    world.connect("outbound", "ACME", peer.name, peer.url, party.certificate)
    for cipher in CIPHERS:
        for digest in DIGESTS:
            with checks.check(f"settings {cipher} {digest}"):
                world.set("outbound", encryption=cipher, signing=digest)
            for kind, payload in PAYLOADS.items():
                sent = None
                with checks.check(f"pyas2 receives {cipher} {digest} {kind}"):
                    peer.received.clear()
                    sent = world.send("outbound", payload, expect=(0,))
                    received = peer.received[-1]
                    holds(received.encrypted and received.signed, "it was not both encrypted and signed")
                    same("what pyas2 stored", received.payload, payload)
                    same("the MIC of pyas2", received.mic, sent["mic"]["ours"])
                    same("the algorithm of the MIC", sent["mic"]["algorithm"], digest)
                    same("the file name", received.filename, "order.edi")
                    delivered(sent, payload)
                if sent is not None:
                    with checks.check(f"openssl opens {cipher} {digest} {kind}"):
                        opened_by_openssl(world, party, sent, payload, digest)


def opened_by_openssl(world, party, sent, payload, digest, authenticated=False, signer=None):
    """Decrypts and verifies the kept request, and finds the payload in it and the MIC over it."""
    head, body = world.raw(sent, "request")
    fields, _ = mime.split_head(head + b"\r\n\r\n")
    kind = fields["content-type"].partition("name=")[0].strip()
    expected = "authEnveloped-data" if authenticated else "enveloped-data"
    same("Content-Type", kind, f"application/pkcs7-mime; smime-type={expected};")
    entity = cms.decrypt(body, party)
    holds(b"\n" not in mime_head(entity).replace(b"\r\n", b""), "a header line ends with a bare LF")
    signed = cms.verify(entity, signer or world.certificate)
    inner, content = mime.split_head(signed)
    if inner.get("content-transfer-encoding", "binary").lower() == "base64":
        content = base64.b64decode(content, validate=False)
    same("the content", content, payload)
    if payload == CRLF_TEXT:
        cms.verify_as_mime(entity, signer or world.certificate)
    over = base64.b64encode(hashlib.new(digest, signed).digest()).decode()
    same("the MIC", sent["mic"]["ours"], over)


def for_openssl(checks, world, peer, party):
    """What pyas2lib cannot open and OpenSSL can: AES-GCM, EC recipients, EC signers. The kept bytes are looked at."""
    recipients = {"RSA": party} | {curve: on_curve(world.folder, f"partner-{curve}", curve) for curve in CURVES}
    recipients["P-521"] = on_curve(world.folder, "partner-P-521", "P-521")
    # The peer answers that it cannot decrypt; what counts here is what was sent.
    for name, recipient in recipients.items():
        world.connect("openssl-out", "ACME", peer.name, peer.url, recipient.certificate)
        for cipher in [*GCM, *(CIPHERS if name != "RSA" else [])]:
            for style in ("issuer-serial", "key-identifier"):
                with checks.check(f"openssl opens {cipher} for {name} by {style}"):
                    world.set("openssl-out", encryption=cipher, **{"quirks.recipient_identifier": style})
                    for payload in PAYLOADS.values():
                        sent = world.send("openssl-out", payload)
                        opened_by_openssl(world, recipient, sent, payload, "sha256", cipher in GCM)
    with checks.check("openssl opens 20 MB in aes256-gcm"):
        world.connect("openssl-out", "ACME", peer.name, peer.url, party.certificate, encryption="aes256-gcm")
        payload = PAYLOADS["binary"] * (20 * 1024 * 1024 // len(PAYLOADS["binary"]))
        opened_by_openssl(world, party, world.send("openssl-out", payload), payload, "sha256", True)
    for curve, digest in zip(CURVES, ["sha256", "sha384"]):
        with checks.check(f"openssl verifies {digest} by a key on {curve}"):
            us = on_curve(world.folder, f"acme-{curve}", curve)
            world.take_identity(f"acme-{curve}", us)
            world.connect("openssl-out", "ACME", peer.name, peer.url, party.certificate, identity=f"acme-{curve}",
                          signing=digest)
            for payload in PAYLOADS.values():
                sent = world.send("openssl-out", payload)
                opened_by_openssl(world, party, sent, payload, digest, signer=us.certificate)
        with checks.check(f"a key on {curve} with another digest is refused when it is saved"):
            said = world.run("connection", "set", "openssl-out", "production", "signing=sha512", expect=(1, 2))
            same("what it wrote", said, b"")


def mime_head(entity):
    """The head of an entity, with its blank line."""
    return entity[: len(entity) - len(mime.split_head(entity)[1])]


def settings(checks, world, peer, party):
    """Settings other than cipher and digest that pyas2lib or OpenSSL can take."""
    world.connect("variant", "ACME", peer.name, peer.url, party.certificate)
    payload = PAYLOADS["binary"]
    for name, changes in [
        ("base64", {"transfer_encoding": "base64"}),
        ("rsa-oaep-sha1", {"transfer_encoding": "binary", "key_transport": "rsa-oaep-sha1"}),
        ("rsa-oaep-sha256", {"key_transport": "rsa-oaep-sha256"}),
        ("rsa-oaep-sha512", {"key_transport": "rsa-oaep-sha512"}),
        ("rsa-pss", {"key_transport": "rsa-pkcs1", "signature_scheme": "rsa-pss"}),
        ("signed only", {"signature_scheme": "rsa-pkcs1", "encryption": "none"}),
        ("encrypted only", {"encryption": "aes256-cbc", "signing": "none", "mdn": "sync-signed"}),
        ("unsigned receipt", {"signing": "sha256", "mdn": "sync"}),
    ]:
        with checks.check(f"variant {name}"):
            world.set("variant", **changes)
            peer.received.clear()
            sent = world.send("variant", payload, expect=(0, 1))
            head, body = world.raw(sent, "request")
            head = head.partition(b"\r\n")[2] + b"\r\n\r\n"
            # pyas2lib opens OAEP with SHA-1 alone: then OpenSSL is the judge.
            if "rsa-oaep-sha" not in name or name == "rsa-oaep-sha1":
                same("what pyas2 stored", peer.received[-1].payload, payload)
            if name == "encrypted only":
                # pyas2lib returns no MIC for a message without signature, so nothing proves what arrived.
                same("the verdict", sent["verdict"], "uncertain")
                same("the MIC's light", sent["lights"]["mic"], "missing")
                signed = cms.decrypt(body, party)
            elif name == "signed only":
                signed = cms.verify(head + body, world.certificate)
            else:
                signed = cms.verify(cms.decrypt(body, party), world.certificate)
            fields, content = mime.split_head(signed)
            if name == "base64":
                content = base64.b64decode(content)
            same("the content", content, payload)
            if name == "unsigned receipt":
                same("the signature's light", sent["lights"]["receipt_signature"], "not-asked")
                same("the verdict", sent["verdict"], "delivered")


def identifiers(checks, world, peer_of, party):
    """AS2 identifiers with characters that have to be quoted, on both sides."""
    for index, name in enumerate(IDENTIFIERS):
        with checks.check(f"pyas2 receives from and as {name}"):
            peer = peer_of(name)
            ours = f"{name} US"
            peer.partners[ours] = world.certificate.read_bytes()
            connection = f"quoted-out-{index}"
            world.connect(connection, ours, name, peer.url, party.certificate)
            sent = world.send(connection, CRLF_TEXT, expect=(0,))
            same("what pyas2 stored", peer.received[-1].payload, CRLF_TEXT)
            delivered(sent, CRLF_TEXT)


def run(checks, world, peer, peer_of, party):
    """All checks of sending."""
    if checks.wants("sending"):
        combinations(checks, world, peer, party)
        for_openssl(checks, world, peer, party)
    if checks.wants("settings"):
        settings(checks, world, peer, party)
    if checks.wants("identifiers"):
        identifiers(checks, world, peer_of, party)
