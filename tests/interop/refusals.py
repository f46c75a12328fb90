"""What must not be taken: too little security, strangers, changed content, damage; and repetitions."""

import re

import cms
import mime
import peer
from receiving import (
    ENVELOPE, FIELDS, PAYLOAD_FIELDS, answered, disposition, organization, partner, report_of, without_date,
)
from world import CRLF_TEXT, holds, post, same


def run(checks, world, server, party, stranger):
    """Messages that must not be taken, and repetitions."""
    if not checks.wants("refusals"):
        return
    world.connect("inbound", "ACME", "PYAS2", "http://127.0.0.1:9/as2", party.certificate)
    world.connect("guarded", "ACME", "GUARDED", "http://127.0.0.1:9/as2", party.certificate)
    entity = mime.entity(PAYLOAD_FIELDS, CRLF_TEXT)
    count = iter(range(1000))

    def fields(**changes):
        """The head of a message, with a Message-ID of its own."""
        found = {**FIELDS, **ENVELOPE, "Message-ID": f"<guarded-{next(count)}@peer.example>"}
        found.update({name.replace("_", "-"): value for name, value in changes.items()})
        return found

    def sealed(inner):
        """Encrypted for us."""
        return cms.encrypt(inner, [world.certificate], "aes128-cbc")

    def refused(head, body, text, verified=True):
        """Holds that a message is refused with this disposition, journalled, and leaves no file."""
        before = server.inbox("guarded")
        answer = answered(server.url, head, body)
        report = report_of(answer, world.certificate if verified else None)
        same("the disposition", disposition(report), text)
        same("the inbox", server.inbox("guarded"), before)
        entries = server.inbound(head["Message-ID"])
        same("the entries in the journal", len(entries), 1)
        same("the verdict", entries[0]["verdict"], "refused")
        holds(entries[0]["diagnosis"]["cause"] and entries[0]["diagnosis"]["explanation"], "there is no diagnosis")
        same("the kept body", world.raw(entries[0], "request")[1], body)
        return answer

    with checks.check("a message posted twice is delivered once and answered the same"):
        head, body = fields(), sealed(cms.sign(entity, party, "sha256"))
        first, second = answered(server.url, head, body), answered(server.url, head, body)
        same("the disposition", disposition(report_of(first, world.certificate)), "processed")
        same("the second answer", without_date(second), without_date(first))
        same("the files", list(server.inbox("guarded").values()), [CRLF_TEXT])
        same("the entries in the journal", len(server.inbound(head["Message-ID"])), 2)

    with checks.check("the same name twice becomes two files"):
        named = mime.entity([*PAYLOAD_FIELDS, ("Content-Disposition", 'attachment; filename="twice.edi"')], CRLF_TEXT)
        for _ in range(2):
            answered(server.url, fields(), sealed(cms.sign(named, party, "sha256")))
        names = [name for name in server.inbox("guarded") if name.startswith("twice")]
        same("the names", sorted(names), ["twice (2).edi", "twice.edi"])

    with checks.check("a message of an unknown sender gets an unsigned refusal"):
        answer = refused(fields(AS2_From="STRANGER"), sealed(cms.sign(entity, party, "sha256")),
                         "processed/error: unknown-trading-relationship", verified=False)
        holds(b"pkcs7-signature" not in answer[1].lower(), "the receipt is signed")
    with checks.check("a message for an unknown receiver gets the same refusal"):
        refused(fields(AS2_To="acme"), sealed(cms.sign(entity, party, "sha256")),
                "processed/error: unknown-trading-relationship", verified=False)
    with checks.check("a plain message is refused"):
        refused(fields(Content_Type="application/edi-x12"), CRLF_TEXT, "processed/error: insufficient-message-security")
    with checks.check("a message that is signed only is refused"):
        head, body = mime.split_head(cms.sign(entity, party, "sha256"))
        refused(fields(Content_Type=head["content-type"]), body, "processed/error: insufficient-message-security")
    with checks.check("a message that is encrypted only is refused"):
        refused(fields(), sealed(entity), "processed/error: insufficient-message-security")
    with checks.check("a message signed by a stranger is refused"):
        refused(fields(), sealed(cms.sign(entity, stranger, "sha256")), "processed/error: authentication-failed")
    with checks.check("a message signed by a stranger without its certificate is refused"):
        refused(fields(), sealed(cms.sign(entity, stranger, "sha256", "-nocerts")),
                "processed/error: authentication-failed")
    with checks.check("content changed after it was signed is refused"):
        changed = cms.sign(entity, party, "sha256").replace(b"PO-1", b"PO-2")
        refused(fields(), sealed(changed), "processed/error: integrity-check-failed")
    with checks.check("a signature over nothing of ours is refused"):
        broken = re.sub(rb"(?m)^MII", b"XYZ", cms.sign(entity, party, "sha256"), count=1)
        text = disposition(report_of(answered(server.url, fields(), sealed(broken)), world.certificate))
        holds(text.startswith("processed/error: "), f"the disposition is {text}")
    with checks.check("a message for somebody else's certificate is refused"):
        body = cms.encrypt(cms.sign(entity, party, "sha256"), [stranger.certificate], "aes128-cbc")
        refused(fields(), body, "processed/error: decryption-failed")
    with checks.check("a cut message is refused"):
        body = sealed(cms.sign(entity, party, "sha256"))
        answer = answered(server.url, fields(), body[: len(body) // 2])
        text = disposition(report_of(answer, world.certificate))
        holds(text.startswith("processed/error: "), f"the disposition is {text}")
    with checks.check("what is not CMS at all is refused"):
        text = disposition(report_of(answered(server.url, fields(), b"not CMS"), world.certificate))
        holds(text.startswith("processed/error: "), f"the disposition is {text}")
    with checks.check("bits changed on the way are refused"):
        good = sealed(cms.sign(entity, party, "sha256"))
        for offset in range(200, len(good), len(good) // 24):
            body = good[:offset] + bytes([good[offset] ^ 0x40]) + good[offset + 1:]
            before = server.inbox("guarded")
            status, raw = answered(server.url, fields(), body)
            report = mime.report_fields(raw)
            taken = status == 200 and report and disposition(report) == "processed"
            # A change that leaves the signed octets as they were (the preamble, a header) may be taken.
            fresh = [content for name, content in server.inbox("guarded").items() if name not in before]
            holds(fresh == ([CRLF_TEXT] if taken else []), f"octet {offset} changed: {status} {report} {fresh}")
    with checks.check("a request that is no AS2 message is turned away"):
        status, _ = answered(server.url, {"Content-Type": "text/plain"}, b"hello")
        same("the status", status, 400)
    with checks.check("pyas2 understands a refusal"):
        theirs = partner(world, "ACME", None, "sha256", "sha256")
        _, _, verdict, answer = peer.send(server.url, organization(party), theirs, CRLF_TEXT, post)
        same("what pyas2 says", verdict, ("processed/error", "insufficient-message-security"))
