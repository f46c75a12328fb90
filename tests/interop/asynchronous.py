"""Asynchronous receipts in both directions: pyas2lib posts them to our listener, and takes those that we post."""

import re
import time

from pyas2lib import as2

from world import CRLF_TEXT, holds, post, same


def settled(world, sent, verdict):
    """The transmission once it is no longer pending."""
    until = time.monotonic() + 30
    while True:
        found = world.json("transmission", "show", sent["id"])
        if found["verdict"] != "pending":
            same("the verdict", found["verdict"], verdict)
            return found
        holds(time.monotonic() < until, "the receipt did not come")
        time.sleep(0.1)


def wait_for(what, items, count):
    """Waits until so many are there."""
    until = time.monotonic() + 30
    while len(items) < count:
        holds(time.monotonic() < until, f"{what} did not come")
        time.sleep(0.05)


def run(checks, world, server, peer, party):
    """All checks of asynchronous receipts."""
    if not checks.wants("asynchronous"):
        return
    peer.post = post
    for digest in ("sha1", "sha256", "sha512"):
        for mdn in ("async-signed", "async"):
            with checks.check(f"pyas2 sends its receipt later, {mdn} {digest}"):
                world.connect("later", "ACME", peer.name, peer.url, party.certificate, mdn=mdn, mdn_url=server.url,
                              signing=digest)
                sent = world.send("later", CRLF_TEXT, expect=(0,))
                holds(sent["verdict"] in ("pending", "delivered"), f"it is {sent['verdict']}")
                found = settled(world, sent, "delivered")
                same("the MIC", found["mic"]["match"], True)
                wait_for("the answer to the receipt", peer.receipts_answered, 1)
                same("the answer to the receipt", peer.receipts_answered.pop(), 200)
    for fault, verdict in (("tampered", "uncertain"), ("bad-mic", "failed"), ("error:decryption-failed", "failed")):
        with checks.check(f"a later receipt with {fault} is {verdict}"):
            world.connect("later", "ACME", peer.name, peer.url, party.certificate, mdn="async-signed", mdn_url=server.url)
            peer.fault = fault
            try:
                # The receipt may have come before the answer to the message did.
                settled(world, world.send("later", CRLF_TEXT, expect=(0, 1)), verdict)
            finally:
                peer.fault = ""

    world.connect("asks-later", "ACME", "PYAS2-LATER", "http://127.0.0.1:9/as2", party.certificate)
    us = as2.Organization("PYAS2-LATER", sign_key=party.both.read_bytes(), decrypt_key=party.both.read_bytes(),
                          domain="peer.example", mdn_url=peer.url.replace("/as2", "/receipts"))
    certificate = world.certificate.read_bytes()
    theirs = as2.Partner("ACME", verify_cert=certificate, encrypt_cert=certificate, validate_certs=False, sign=True,
                         digest_alg="sha256", encrypt=True, enc_alg="aes_256_cbc", mdn_mode="ASYNC",
                         mdn_digest_alg="sha256")
    for number in range(2):
        with checks.check(f"pyas2 gets its receipt later, message {number + 1}"):
            message = as2.Message(us, theirs)
            message.build(CRLF_TEXT, filename=f"later-{number}.edi", subject="Interoperability check",
                          content_type="application/edi-x12")
            fields = {name: re.sub(r"\r?\n[ \t]*", " ", value) for name, value in message.headers.items()}
            status, _, body = post(server.url, fields, message.content)
            same("the answer", (status, body), (204, b""))
            wait_for("the receipt", peer.receipts, 1)
            receipt = as2.Mdn()
            verdict = receipt.parse(peer.receipts.pop(), find_message_cb=lambda *_: message)
            same("what pyas2 says of the receipt", verdict, ("processed", None))
            same("the file", server.inbox("asks-later").get(f"later-{number}.edi"), CRLF_TEXT)
