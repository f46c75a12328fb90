"""Our identities against OpenSSL and pyas2lib: every file that is written is read by OpenSSL, every file of OpenSSL's is
taken, a request is answered by an authority, and a change of the identity is lived through by a partner."""

import datetime
import subprocess
import time

from pyas2lib import as2

import cms
import peer as peers
from receiving import PYAS2_CIPHERS, report_of
from world import CRLF_TEXT, holds, post, same


def openssl(*words, stdin=None):
    """Runs OpenSSL and returns what it wrote."""
    done = subprocess.run(["openssl", *map(str, words)], input=stdin, capture_output=True)
    if done.returncode:
        raise AssertionError(f"openssl {words[0]}: {done.stderr.decode()[-400:]}")
    return done.stdout


def fingerprint(pem):
    """The SHA-256 fingerprint of a certificate in PEM, as OpenSSL computes it."""
    said = openssl("x509", "-noout", "-fingerprint", "-sha256", stdin=pem).decode()
    return said.strip().partition("=")[2].replace(":", "").lower()


def written(checks, world):
    """What we write, OpenSSL reads."""
    for kind in ["rsa-2048", "rsa-3072", "ec-p256", "ec-p384"]:
        with checks.check(f"openssl reads the certificate, P7B and P12 of {kind}"):
            name = f"made-{kind}"
            subject = "CN=Acme, O=Acme\\, Inc. \\+ Sons, C=US"
            made = world.json("identity", "create", name, "--key", kind, "--days", "90", "--subject", subject)
            files = {form: world.folder / f"{name}.{form}" for form in ["pem", "der", "p7b"]}
            for form, file in files.items():
                world.run("identity", "export", name, "--format", form, "-o", str(file))
            same("the PEM", fingerprint(files["pem"].read_bytes()), made["fingerprint_sha256"])
            same("the DER", fingerprint(openssl("x509", "-inform", "DER", "-in", files["der"])), made["fingerprint_sha256"])
            chain = openssl("pkcs7", "-inform", "DER", "-print_certs", "-in", files["p7b"])
            same("the P7B", fingerprint(chain), made["fingerprint_sha256"])
            text = openssl("x509", "-noout", "-text", "-nameopt", "RFC2253", "-in", files["pem"]).decode()
            holds(r"CN=Acme,O=Acme\, Inc. \+ Sons,C=US" in text, f"the subject is another: {text[:600]}")
            holds("Digital Signature" in text and "CA:FALSE" in text, "the extensions are others")
            serial = openssl("x509", "-noout", "-serial", "-in", files["pem"]).decode().strip().partition("=")[2]
            same("the length of the serial number in digits", len(serial), 32)
            openssl("verify", "-CAfile", files["pem"], files["pem"])
            for legacy in [(), ("--legacy",)]:
                file = world.folder / f"{name}.p12"
                world.run("identity", "export", name, "--format", "p12", "--password-stdin", *legacy, "-o", str(file),
                          stdin="päss word\n".encode())
                provider = ("-legacy",) if legacy else ()
                both = openssl("pkcs12", "-in", file, "-passin", "pass:päss word", "-nodes", *provider)
                holds(b"PRIVATE KEY" in both, "there is no key in it")
                same("the P12", fingerprint(both), made["fingerprint_sha256"])
                public = openssl("pkey", "-pubout", stdin=both)
                same("the key", public, openssl("x509", "-noout", "-pubkey", "-in", files["pem"]))
                told = openssl("pkcs12", "-in", file, "-passin", "pass:päss word", "-info", "-noout", *provider)
                same("what it says on standard output", told, b"")


def taken(checks, world, party):
    """What OpenSSL writes, we take."""
    forms = {
        "AES-256": (), "PBE-SHA1-3DES": ("-legacy", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "SHA1"),
        "RC2-40": ("-legacy",), "no MAC": ("-nomac",), "AES-128": ("-keypbe", "AES-128-CBC", "-certpbe", "AES-128-CBC"),
        "3DES in PBES2": ("-keypbe", "DES-EDE3-CBC", "-certpbe", "DES-EDE3-CBC"),
    }
    for password in ["secret", ""]:
        for form, words in forms.items():
            with checks.check(f"a P12 of openssl with {form}, password {password!r}"):
                file = world.folder / "from-openssl.p12"
                openssl("pkcs12", "-export", "-inkey", party.key, "-in", party.certificate, "-out", file,
                        "-passout", f"pass:{password}", *words)
                world.run("identity", "import", str(file), "--name", "taken", "--password-stdin",
                          stdin=f"{password}\n".encode())
                world.run("identity", "remove", "taken")
                refused = world.run("identity", "import", str(file), "--name", "taken", "--password-stdin",
                                    stdin=b"another\n", expect=(2,))
                same("what it wrote", refused, b"")
    for form, words in {"aes-256-cbc": ("-v2", "aes-256-cbc"), "des3": ("-v2", "des3"), "scrypt": ("-scrypt",)}.items():
        with checks.check(f"PKCS#8 of openssl with {form} and the certificate in a file of its own"):
            key = world.folder / "key.pem"
            openssl("pkcs8", "-topk8", "-in", party.key, "-out", key, "-passout", "pass:secret", *words)
            world.run("identity", "import", str(key), "--certificate", str(party.certificate), "--name", "taken",
                      "--password-stdin", stdin=b"secret\n")
            world.run("identity", "remove", "taken")


def answered(checks, world):
    """A request is answered by an authority."""
    ca, key = world.folder / "ca.crt", world.folder / "ca.key"
    with checks.check("openssl makes an authority"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=Authority", "-keyout", key,
                "-out", ca)
    for kind in ["rsa-2048", "ec-p256", "ec-p384"]:
        with checks.check(f"openssl certifies a request for {kind}, and its P7B is installed"):
            name, request = f"requested-{kind}", world.folder / "request.csr"
            world.run("identity", "request", name, "--key", kind, "--subject", "CN=Acme, C=US", "-o", str(request))
            holds("Digital Signature" in openssl("req", "-in", request, "-noout", "-text", "-verify").decode(),
                  "no key usage is asked for")
            answer, chain = world.folder / "answer.pem", world.folder / "answer.p7b"
            openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", key, "-set_serial", str(time.time_ns()),
                    "-days", "20", "-sha256", "-out", answer)
            openssl("crl2pkcs7", "-nocrl", "-certfile", ca, "-certfile", answer, "-outform", "DER", "-out", chain)
            installed = world.json("identity", "install", name, str(chain))
            same("the certificate", installed["fingerprint_sha256"], fingerprint(answer.read_bytes()))
            exported = world.folder / "exported.p7b"
            world.run("identity", "export", name, "--format", "p7b", "-o", str(exported))
            printed = openssl("pkcs7", "-inform", "DER", "-print_certs", "-in", exported)
            same("the certificates of the chain", printed.count(b"BEGIN CERTIFICATE"), 2)


def instant(at):
    """RFC 3339 with milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def changed_over(checks, world, server, peer, party):
    """A partner that encrypts for the old and the new certificate around the agreed instant, and verifies what we sign."""
    old, new = world.certificate, world.folder / "acme-next.crt"
    with checks.check("the change is scheduled"):
        world.run("identity", "create", "acme-next", "--subject", "CN=Acme, O=Acme Supply")
        world.run("identity", "export", "acme-next", "-o", str(new))
        world.connect("changing", "ACME", peer.name, peer.url, party.certificate)
        flip = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=15)
        said = world.json("identity", "rollover", "acme", "acme-next", "--at", instant(flip), "--connection", "changing")
        same("the profiles", [each["connection"] for each in said["profiles"]], ["changing"])
        world.run("identity", "told", "acme-next", "--connection", "changing", "--how", "by mail")

    def exchange(moment, signer, other):
        """Both ways, while we are to sign with one of the two."""
        with checks.check(f"{moment} the change, pyas2 verifies what we send"):
            peer.partners["ACME"] = signer.read_bytes()
            sent = world.send("changing", CRLF_TEXT, expect=(0,))
            same("the verdict", sent["verdict"], "delivered")
            cms.verify(cms.decrypt(world.raw(sent, "request")[1], party), signer)
        with checks.check(f"{moment} the change, pyas2 refuses it with the other certificate, and we say whose"):
            peer.partners["ACME"] = other.read_bytes()
            sent = world.send("changing", CRLF_TEXT, expect=(1,))
            same("the verdict", sent["verdict"], "failed")
            peer.partners["ACME"] = signer.read_bytes()
        for word, recipient in [("one", signer), ("other", other)]:
            with checks.check(f"{moment} the change, pyas2 encrypts for the {word} and verifies our receipt"):
                us = peers.organization(peer.name, party.both.read_bytes())
                theirs = as2.Partner("ACME", verify_cert=signer.read_bytes(), encrypt_cert=recipient.read_bytes(),
                                     validate_certs=False, sign=True, digest_alg="sha256", encrypt=True,
                                     enc_alg=PYAS2_CIPHERS["aes256-cbc"], mdn_mode="SYNC", mdn_digest_alg="sha256")
                name = f"{moment}-{word}.edi"
                _, _, verdict, answer = peers.send(server.url, us, theirs, CRLF_TEXT, post, filename=name)
                same("what pyas2 says of the receipt", verdict, ("processed", None))
                report_of(answer, signer)
                same("the file", server.inbox("changing").get(name), CRLF_TEXT)

    exchange("before", old, new)
    with checks.check("all that was before the agreed instant"):
        left = (flip - datetime.datetime.now(datetime.UTC)).total_seconds()
        holds(left > 0, f"the machine was too slow by {-left:.1f} s")
        stage = world.json("identity", "progress", "acme-next")["profiles"][0]
        same("how far the partner is", stage["stage"], "told")
        holds(stage["decrypted"], "that they encrypted for the new one was not noted")
        time.sleep(left + 0.2)
    exchange("after", new, old)
    with checks.check("the change is seen to work"):
        stage = world.json("identity", "progress", "acme-next")["profiles"][0]
        same("how far the partner is", stage["stage"], "working")
        holds(stage["verified"], "that our signature was accepted was not seen")
    with checks.check("and is taken back"):
        world.run("identity", "rollback", "changing", "production")
        peer.partners["ACME"] = old.read_bytes()
        same("the verdict", world.send("changing", CRLF_TEXT, expect=(0,))["verdict"], "delivered")


def run(checks, world, server, peer, party):
    """All checks of our own identities."""
    if checks.wants("identities"):
        written(checks, world)
        taken(checks, world, party)
        answered(checks, world)
        changed_over(checks, world, server, peer, party)
