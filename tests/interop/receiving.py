"""What we receive from pyas2lib, and what all checks of receiving share: heads, receipts, how to post."""

import re

from pyas2lib import as2

import cms
import mime
import peer
from sending import IDENTIFIERS
from world import CIPHERS, CRLF_TEXT, DIGESTS, PAYLOADS, holds, post, same

# Our spellings in pyas2lib's.
PYAS2_CIPHERS = {"3des-cbc": "tripledes_192_cbc", "aes128-cbc": "aes_128_cbc", "aes192-cbc": "aes_192_cbc",
                 "aes256-cbc": "aes_256_cbc"}

FIELDS = {"AS2-Version": "1.2", "AS2-From": "GUARDED", "AS2-To": "ACME", "Disposition-Notification-To": "peer@example.com",
          "Disposition-Notification-Options":
              "signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=optional, sha-256"}
ENVELOPE = {"Content-Type": 'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"',
            "Content-Transfer-Encoding": "binary"}
PAYLOAD_FIELDS = [("Content-Type", "application/edi-x12"), ("Content-Transfer-Encoding", "binary")]


def partner(world, name, cipher, digest, receipt, compress=False):
    """Us, as pyas2lib sees us."""
    certificate = world.certificate.read_bytes()
    return as2.Partner(name, verify_cert=certificate, encrypt_cert=certificate, validate_certs=False,
                       sign=digest is not None, digest_alg=digest or "sha256", encrypt=cipher is not None,
                       enc_alg=PYAS2_CIPHERS.get(cipher, "aes_256_cbc"), mdn_mode="SYNC", mdn_digest_alg=receipt,
                       compress=compress)


def report_of(answer, certificate=None):
    """The fields of the report in an answer, verified by OpenSSL where a certificate is given."""
    status, raw = answer
    same("the status", status, 200)
    if certificate is not None:
        fields = report_fields_verified(raw, certificate)
    else:
        fields = mime.report_fields(raw)
    holds(fields, f"there is no receipt: {raw[:400]!r}")
    return fields


def report_fields_verified(raw, certificate):
    """The report of a signed receipt whose signature OpenSSL finds good."""
    kind = mime.split_head(raw)[0].get("content-type", "")
    holds(kind.startswith("multipart/signed"), f"the receipt is not signed but {kind!r}")
    return mime.report_fields(cms.verify(raw, certificate))


def organization(party):
    """pyas2lib as a sender."""
    return peer.organization("PYAS2", party.both.read_bytes())


def disposition(fields):
    """The disposition without its mode."""
    return fields["disposition"].partition(";")[2].strip()


def answered(url, fields, body):
    """Posts a message; the answer as head and body in one."""
    status, headers, content = post(url, fields, body)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("latin-1")
    return status, head + b"\r\n" + content


def combinations(checks, world, server, us, party):
    """Every cipher with every digest, receipt signed and not."""
    world.connect("inbound", "ACME", "PYAS2", "http://127.0.0.1:9/as2", party.certificate)
    for cipher in CIPHERS:
        for digest in DIGESTS:
            for receipt in (digest, None):
                how = "signed" if receipt else "unsigned"
                with checks.check(f"pyas2 sends {cipher} {digest}, {how} receipt"):
                    name = f"{cipher} {digest} {how}.edi"
                    theirs = partner(world, "ACME", cipher, digest, receipt)
                    message, _, verdict, answer = peer.send(server.url, us, theirs, CRLF_TEXT, post, filename=name)
                    same("what pyas2 says of the receipt", verdict, ("processed", None))
                    fields = report_of(answer, world.certificate if receipt else None)
                    same("the disposition", disposition(fields), "processed")
                    mic, _, algorithm = fields["received-content-mic"].partition(",")
                    same("the MIC", mic.strip(), message.mic.decode())
                    same("its algorithm", algorithm.strip().replace("-", ""), digest)
                    same("the original Message-ID", fields["original-message-id"], f"<{message.message_id}>")
                    same("the file", server.inbox("inbound").get(name), CRLF_TEXT)

    for kind, payload in PAYLOADS.items():
        with checks.check(f"pyas2 sends {kind} as octets"):
            theirs = partner(world, "ACME", "aes128-cbc", "sha256", "sha256")
            _, _, verdict, answer = peer.send(server.url, us, theirs, payload, post, filename=f"octets-{kind}.bin",
                                                 content_type="application/octet-stream")
            same("what pyas2 says of the receipt", verdict, ("processed", None))
            report_of(answer, world.certificate)
            same("the file", server.inbox("inbound").get(f"octets-{kind}.bin"), payload)


def identifiers(checks, world, server, party):
    """AS2 identifiers that have to be quoted, as pyas2lib writes them."""
    for index, name in enumerate(IDENTIFIERS):
        with checks.check(f"pyas2 sends from and to {name}"):
            connection, ours = f"quoted-in-{index}", f"{name} US"
            world.connect(connection, ours, name, "http://127.0.0.1:9/as2", party.certificate)
            us = peer.organization(name, party.both.read_bytes())
            theirs = partner(world, ours, "aes128-cbc", "sha256", "sha256")
            _, _, verdict, answer = peer.send(server.url, us, theirs, CRLF_TEXT, post, filename="order.edi")
            same("what pyas2 says of the receipt", verdict, ("processed", None))
            report_of(answer, world.certificate)
            same("the file", server.inbox(connection).get("order.edi"), CRLF_TEXT)


def without_date(answer):
    """An answer without the Date that the server puts on every answer."""
    return answer[0], re.sub(rb"(?im)^date: [^\r]*\r\n", b"", answer[1], count=1)


def run(checks, world, server, party):
    """All checks of receiving what pyas2lib sends."""
    if checks.wants("receiving"):
        combinations(checks, world, server, organization(party), party)
    if checks.wants("identifiers"):
        identifiers(checks, world, server, party)
