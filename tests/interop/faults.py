"""What a partner can do wrong, and what we make of it: verdict, lights, and a diagnosis that fits."""

import os
import socket

import cms
import mime
from world import CRLF_TEXT, LIGHTS, holds, same

LETTERS = {"good": "g", "bad": "b", "missing": "m", "not-asked": "n"}

# Fault, verdict, lights (http, receipt, its signature, disposition, MIC), and words that the explanation must hold.
CASES = [
    ("http-500", "failed", "bmmmm", ["internal error"]),
    ("html", "uncertain", "gmmmm", ["receipt"]),
    ("empty", "uncertain", "gmmmm", ["receipt"]),
    ("unsigned", "uncertain", "ggmgg", ["not signed"]),
    ("tampered", "uncertain", "ggbgg", ["signature"]),
    ("bad-mic", "failed", "ggggb", ["mic", "something else than was sent", "none of", "tried with"]),
    ("mic-without-headers", "failed", "ggggb", ["mic", "the payload's part without its headers, with sha-256"]),
    ("other-message", "uncertain", "gbgmm", ["another message"]),
    ("other-certificate", "uncertain", "ggbgg", ["certificate"]),
    ("wrong-key", "failed", "gggbm", ["decrypt", "certificate"]),
    ("unknown-signer", "failed", "gggbm", ["signature", "certificate"]),
    ("error:integrity-check-failed", "failed", "gggbg", ["integrity"]),
    ("error:insufficient-message-security", "failed", "gggbg", ["security"]),
    ("error:unexpected-processing-error", "failed", "gggbg", ["partner"]),
    ("error:decompression-failed", "failed", "gggbg", ["compress"]),
    ("error:something-nobody-has-heard-of", "failed", "gggbg", ["something-nobody-has-heard-of"]),
    ("warning:duplicate-document", "delivered", "ggggg", ["duplicate", "first copy"]),
    ("slow", "uncertain", "mmmmm", ["in time", "may have arrived"]),
    ("drop", "uncertain", "mmmmm", ["connection"]),
    ("drop-early", "failed", "bmmmm", ["connection"]),
]


def judged(sent, verdict, lights, words):
    """Holds that a transmission was judged as it should be and explained in words that fit."""
    same("the verdict", sent["verdict"], verdict)
    found = "".join(LETTERS[sent["lights"][name]] for name in LIGHTS)
    same("the lights", found, lights)
    diagnosis = sent["diagnosis"]
    for field in ("cause", "explanation", "remedy"):
        holds(diagnosis[field], f"the diagnosis has no {field}: {diagnosis}")
    said = " ".join([diagnosis["cause"], diagnosis["explanation"], *diagnosis["evidence"]]).lower()
    for word in words:
        holds(word.lower() in said, f"the diagnosis does not speak of {word!r}: {said}")


def run(checks, world, peer, party, stranger, renewed):
    """All faults, each on a connection of its own kind."""
    if not checks.wants("faults"):
        return
    world.connect("faults", "ACME", peer.name, peer.url, party.certificate)
    for fault, verdict, lights, words in CASES:
        with checks.check(f"fault {fault} is {verdict}"):
            # Only who is too slow is not waited for.
            world.set("faults", timeout_seconds=2 if fault == "slow" else 60)
            peer.fault = fault
            peer.other_pem = {
                "wrong-key": stranger.both, "unknown-signer": stranger.certificate, "other-certificate": renewed.both,
            }.get(fault, party.both).read_bytes()
            payload = os.urandom(24 * 1024 * 1024) if fault == "drop-early" else CRLF_TEXT
            try:
                sent = world.send("faults", payload, expect=(0 if verdict == "delivered" else 1,))
            finally:
                peer.fault = ""
            judged(sent, verdict, lights, words)
            # What was sent is kept whatever became of it.
            if fault != "drop-early":
                entity = cms.decrypt(world.raw(sent, "request")[1], party)
                same("the kept content", mime.split_head(cms.verify(entity, world.certificate))[1], CRLF_TEXT)

    with checks.check("fault connection refused is failed"):
        with socket.socket() as closed:
            # Bound and not listening: nobody else can get the port, and nobody answers on it.
            closed.bind(("127.0.0.1", 0))
            world.connect("refused", "ACME", peer.name, f"http://127.0.0.1:{closed.getsockname()[1]}/as2",
                          party.certificate)
            judged(world.send("refused", CRLF_TEXT, expect=(1,)), "failed", "bmmmm", ["refused"])

    with checks.check("fault unknown identifiers is failed"):
        # An unknown receiver, because pyas2lib fails over an unknown sender who asks for a signed receipt.
        world.connect("unknown", "ACME", "NOBODY", peer.url, party.certificate)
        judged(world.send("unknown", CRLF_TEXT, expect=(1,)), "failed", "ggmbm", ["identifiers"])

    with checks.check("after all faults the next message is delivered"):
        same("the verdict", world.send("faults", CRLF_TEXT, expect=(0,))["verdict"], "delivered")
