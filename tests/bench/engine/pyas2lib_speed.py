"""Builds and opens one message with pyas2lib: the payload, `both.pem` and `certificate.pem` are in the current folder.
Prints the seconds of building, those of opening, and the most memory in MiB."""

import pathlib
import resource
import time

from pyas2lib import as2

pem, certificate = (pathlib.Path(name).read_bytes() for name in ("both.pem", "certificate.pem"))
payload = pathlib.Path("payload").read_bytes()


def organization(name):
    return as2.Organization(name, sign_key=pem, sign_key_pass=None, decrypt_key=pem, decrypt_key_pass=None)


def partner(name):
    return as2.Partner(name, verify_cert=certificate, encrypt_cert=certificate, validate_certs=False, sign=True,
                       digest_alg="sha256", encrypt=True, enc_alg="aes_128_cbc")


message = as2.Message(organization("a"), partner("b"))
began = time.monotonic()
message.build(payload, filename="order.edi", content_type="application/octet-stream")
built = time.monotonic()

raw = message.headers_str + b"\r\n" + message.content
received = as2.Message()
parsing = time.monotonic()
status, (error, _), _ = received.parse(raw, find_org_cb=lambda _: organization("b"), find_partner_cb=lambda _: partner("a"))
opened = time.monotonic()
if status != "processed":
    raise SystemExit(f"pyas2lib says {status}: {error}")
print(built - began, opened - parsing, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
