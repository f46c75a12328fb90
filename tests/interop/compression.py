"""Compression (RFC 5402) in every position, to and from pyas2lib. What pyas2lib cannot build is put together here from its
CompressedData and OpenSSL's signatures and envelopes; what it cannot prove is proved by the MIC of the standard's table."""

import base64
import hashlib
import itertools

from asn1crypto import cms as structures
from pyas2lib.cms import compress_message

import cms
import mime
import peer
from receiving import ENVELOPE, FIELDS, answered, disposition, partner, report_of
from sending import delivered
from world import PAYLOADS, holds, post, same

COMPRESSED = {"Content-Type": 'application/pkcs7-mime; smime-type=compressed-data; name="smime.p7z"',
              "Content-Transfer-Encoding": "binary"}


def digest_of(content, digest="sha256"):
    """A MIC as it stands in a receipt."""
    return base64.b64encode(hashlib.new(digest, content).digest()).decode()


def inflated(structure):
    """What is in a CompressedData, as asn1crypto reads it. It must be DER: definite lengths, written as short as they are."""
    read = structures.ContentInfo.load(structure, strict=True)
    same("its type", read["content_type"].native, "compressed_data")
    same("its encoding", read.dump(force=True), structure)
    return read["content"].decompressed


def opened(world, party, sent, order):
    """Takes the kept request apart from the outside in; returns what the MIC is over and the content."""
    head, body = world.raw(sent, "request")
    fields, _ = mime.split_head(head + b"\r\n\r\n")
    entity = head.partition(b"\r\n")[2] + b"\r\n\r\n" + body
    hashed, seen = None, []
    while True:
        fields, content = mime.split_head(entity)
        kind = fields["content-type"]
        if kind.startswith("multipart/signed"):
            seen.append("signed")
            entity = hashed = cms.verify(entity, world.certificate)
        elif "enveloped-data" in kind:
            seen.append("encrypted")
            entity = cms.decrypt(content, party)
        elif "compressed-data" in kind:
            seen.append("compressed")
            entity = inflated(content)
        else:
            break
    if "signed" in seen:
        same("the order", seen.index("signed") < seen.index("compressed"), order == "before-signing")
    return entity if hashed is None else hashed, content


def sending(checks, world, peer_, party):
    """Every position, read by pyas2lib; what it has no MIC for, by OpenSSL and asn1crypto."""
    world.connect("squeezed", "ACME", peer_.name, peer_.url, party.certificate)
    for order, signing, encryption in itertools.product(
            ["before-signing", "after-signing"], ["sha256", "sha512", "none"], ["aes128-cbc", "none"]):
        for kind, payload in PAYLOADS.items():
            with checks.check(f"pyas2 inflates {order}, signing {signing}, encryption {encryption}, {kind}"):
                world.set("squeezed", compression=order, signing=signing, encryption=encryption, mdn="sync-signed")
                peer_.received.clear()
                sent = world.send("squeezed", payload)
                hashed, content = opened(world, party, sent, order)
                same("the content", content, payload)
                digest = "sha256" if signing == "none" else signing
                same("our MIC", sent["mic"]["ours"], digest_of(hashed, digest))
                received = peer_.received[-1]
                same("what pyas2 says", (received.status, received.error), ("processed", ""))
                same("what pyas2 stored", received.payload, payload)
                if signing == "none":
                    # pyas2lib returns no MIC for a message without signature, so nothing proves what arrived.
                    same("the verdict", (sent["verdict"], sent["lights"]["mic"]), ("uncertain", "missing"))
                else:
                    same("the MIC of pyas2", received.mic, sent["mic"]["ours"])
                    delivered(sent, payload)
                built = next(stage["detail"] for stage in sent["stages"] if stage["stage"] == "built")
                holds("compressed" in built, f"the stage does not speak of compression: {built}")


def receiving(checks, world, server, party):
    """What pyas2lib compresses: before signing, and without a signature."""
    world.connect("squeezed-in", "ACME", "SQUEEZER", "http://127.0.0.1:9/as2", party.certificate, require="none")
    us = peer.organization("SQUEEZER", party.both.read_bytes())
    for digest, cipher in itertools.product(["sha256", "sha1", None], ["aes256-cbc", "3des-cbc", None]):
        for kind, payload in PAYLOADS.items():
            with checks.check(f"pyas2 compresses, signing {digest}, encryption {cipher}, {kind}"):
                theirs = partner(world, "ACME", cipher, digest, "sha256", compress=True)
                name = f"{digest} {cipher} {kind}.bin"
                message, _, verdict, answer = peer.send(server.url, us, theirs, payload, post, filename=name,
                                                        content_type="application/octet-stream")
                fields = report_of(answer, world.certificate)
                same("the disposition", disposition(fields), "processed")
                same("the file", server.inbox("squeezed-in").get(name), payload)
                if digest is not None:
                    same("what pyas2 says of the receipt", verdict, ("processed", None))
                    same("the MIC", fields["received-content-mic"].partition(",")[0].strip(), message.mic.decode())


def by_hand(checks, world, server, party):
    """What pyas2lib does not build: compressed after signing, in base64, twice; with the MIC of the table."""
    def check(title, name, build, hashed, expected="processed", **fields):
        with checks.check(f"compressed by hand, {title}"):
            payload = PAYLOADS["binary"]
            entity = mime.entity([("Content-Type", "application/edi-x12"), ("Content-Transfer-Encoding", "binary"),
                                  ("Content-Disposition", f'attachment; filename="{name}"')], payload)
            head, body = build(entity)
            head = {**FIELDS, **head, "AS2-From": "SQUEEZER", "Message-ID": f"<{name}@peer.example>", **fields}
            report = report_of(answered(server.url, head, body), world.certificate)
            same("the disposition", disposition(report), expected)
            if expected == "processed":
                same("the file", server.inbox("squeezed-in").get(name), payload)
                same("the MIC", report["received-content-mic"].partition(",")[0].strip(), digest_of(hashed(entity)))
            else:
                holds(name not in server.inbox("squeezed-in"), "it was delivered")
                entry = server.inbound(head["Message-ID"])[0]
                holds("compressed" in entry["diagnosis"]["explanation"], f"no reason: {entry['diagnosis']}")

    def signed(entity):
        return cms.sign(entity, party, "sha256")

    def encrypted(content):
        return ENVELOPE, cms.encrypt(content, [world.certificate], "aes128-cbc")

    def part(content):
        return mime.entity(list(COMPRESSED.items()), compress_message(content))

    def whole(entity):
        return entity

    check("after signing", "after.bin", lambda entity: (COMPRESSED, compress_message(signed(entity))), whole)
    check("after signing, encrypted", "after-encrypted.bin", lambda entity: encrypted(part(signed(entity))), whole)
    check("before signing, encrypted", "before-encrypted.bin", lambda entity: encrypted(signed(part(entity))), part)
    check("encrypted", "encrypted.bin", lambda entity: encrypted(part(entity)), whole)
    check("alone", "alone.bin", lambda entity: (COMPRESSED, compress_message(entity)), whole)
    check("alone, announced as encrypted", "announced.bin", lambda entity: (ENVELOPE, compress_message(entity)), whole)
    check("alone, in base64", "base64.bin",
          lambda entity: ({**COMPRESSED, "Content-Transfer-Encoding": "base64"},
                          base64.encodebytes(compress_message(entity))), whole)
    check("twice", "twice.bin", lambda entity: (COMPRESSED, compress_message(part(entity))), whole,
          "processed/error: decompression-failed")
    check("damaged", "damaged.bin", lambda entity: (COMPRESSED, damaged(compress_message(entity))), whole,
          "processed/error: decompression-failed")
    check("a bomb", "bomb.bin", lambda entity: (COMPRESSED, compress_message(entity + bytes(300 * 1024 * 1024))), whole,
          "processed/error: decompression-failed")


def damaged(structure):
    """A structure with its checksum changed."""
    return structure[:-1] + bytes([structure[-1] ^ 1])


def run(checks, world, server, peer_, party):
    """All checks of compression."""
    if not checks.wants("compression"):
        return
    sending(checks, world, peer_, party)
    receiving(checks, world, server, party)
    by_hand(checks, world, server, party)
