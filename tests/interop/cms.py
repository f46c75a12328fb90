"""OpenSSL's `cms` command, as a second foreign implementation of CMS: files in, bytes out."""

import pathlib
import subprocess
import tempfile

import mime

# The names of our ciphers in OpenSSL.
CIPHERS = {"3des-cbc": "des3", "aes128-cbc": "aes-128-cbc", "aes192-cbc": "aes-192-cbc", "aes256-cbc": "aes-256-cbc",
           "aes128-gcm": "aes-128-gcm", "aes192-gcm": "aes-192-gcm", "aes256-gcm": "aes-256-gcm"}


def openssl(*words, inputs=None):
    """Runs `openssl cms`; `inputs` are bytes put into files named by their keys, and the output file is returned."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for key, content in (inputs or {}).items():
            (folder / key).write_bytes(content)
        command = ["openssl", "cms", *map(str, words), "-out", "out"]
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode != 0:
            raise AssertionError(f"`{' '.join(command)}` says {done.stderr.decode(errors='replace').strip()[-400:]}")
        out = folder / "out"
        return out.read_bytes() if out.exists() else b""


def decrypt(envelope, party):
    """Opens an envelope with a party's key."""
    return openssl("-decrypt", "-binary", "-inform", "DER", "-in", "in", "-inkey", party.key, "-recip",
                   party.certificate, inputs={"in": envelope})


def verify(entity, certificate):
    """Verifies a multipart/signed entity, cut at its delimiters octet by octet; returns what was signed."""
    fields, body = mime.split_head(entity)
    found = mime.parts(fields["content-type"], body)
    if len(found) != 2:
        raise AssertionError(f"multipart/signed has {len(found)} parts")
    signed, signature = found
    part_fields, content = mime.split_head(signature)
    form = "DER"
    if part_fields.get("content-transfer-encoding", "").lower() == "base64":
        content = b"-----BEGIN CMS-----\n" + content.strip() + b"\n-----END CMS-----\n"
        form = "PEM"
    openssl("-verify", "-binary", "-inform", form, "-in", "in", "-content", "content", "-CAfile", certificate,
            "-certfile", certificate, "-purpose", "any", inputs={"in": content, "content": signed})
    return signed


def verify_as_mime(entity, certificate):
    """Verifies a multipart/signed entity as OpenSSL itself reads it. It rewrites line ends on the way (with `-binary` it
    takes the CR before a delimiter for content), so this is for text with CRLF alone."""
    openssl("-verify", "-inform", "SMIME", "-in", "in", "-CAfile", certificate, "-certfile", certificate,
            "-purpose", "any", inputs={"in": entity})


def sign(entity, party, digest, *options):
    """Signs an entity; a multipart/signed entity comes back, with OpenSSL's line ends."""
    return openssl("-sign", "-binary", "-in", "in", "-signer", party.certificate, "-inkey", party.key, "-md", digest,
                   *options, inputs={"in": entity})


def encrypt(entity, recipients, cipher, *options):
    """Encrypts an entity; the envelope comes back, in DER unless the options say otherwise."""
    form = () if "-outform" in options else ("-outform", "DER")
    to = [word for recipient in recipients for word in ("-recip", recipient)]
    return openssl("-encrypt", "-binary", f"-{CIPHERS[cipher]}", "-in", "in", *form, *to, *options,
                   inputs={"in": entity})
