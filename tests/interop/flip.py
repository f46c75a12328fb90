"""A rollover against a partner who changes its key before, at and after the agreed instant, or without saying so: which
messages fail, what is said of it, what was seen, and that one command makes the next message pass.

The partner's one key signs and decrypts, as is usual, so that after the change it cannot open what is encrypted for the old
one. Both directions are played in every order: we send and get a signed receipt, they send and get ours.
"""

import datetime
import subprocess
import time

import peer
from receiving import partner as us_to_them
from world import CRLF_TEXT, holds, post, same

# Until the agreed instant there must be time for a few messages each way, also on a machine that is busy.
AHEAD = 10
# Where the instant is not waited for, it is not to come while the check runs.
FAR = 3600


class Rollover:
    """One partner in one order of events, with a connection of its own."""

    def __init__(self, world, server, name, old, new, table):
        self.world, self.server, self.old, self.new, self.table = world, server, old, new, table
        self.name, self.connection = name, name.lower()
        self.peer = peer.Peer(name, old.both.read_bytes())
        self.peer.partners["ACME"] = world.certificate.read_bytes()
        world.connect(self.connection, "ACME", name, self.peer.url, old.certificate)
        self.number = 0

    def schedule(self, ahead):
        """Brings the new certificate in for an instant in so many seconds; waits for nothing."""
        self.at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=ahead)
        self.world.run("certificate", "import", str(self.new.certificate), "--connection", self.connection,
                       "--profile", "production", "--activate", self.at.isoformat())

    def wait(self):
        """Waits until the agreed instant has passed."""
        time.sleep(max(0, (self.at - datetime.datetime.now(datetime.UTC)).total_seconds() + 0.2))

    def flip(self):
        """The partner changes its key."""
        self.peer.pem = self.new.both.read_bytes()

    def send(self):
        """We send; the transmission as it is shown."""
        sent = self.world.send(self.connection, CRLF_TEXT)
        self.row("we send", sent)
        return sent

    def receive(self):
        """They send; the transmission as it is journalled here, and whether it lies in the inbox."""
        self.number += 1
        name = f"{self.name} {self.number}.edi"
        them = peer.organization(self.name, self.peer.pem)
        message, *_ = peer.send(self.server.url, them, us_to_them(self.world, "ACME", "aes128-cbc", "sha256", "sha256"),
                                CRLF_TEXT, post, filename=name)
        received, = self.server.inbound(message.message_id)
        delivered = self.server.inbox(self.connection).get(name) == CRLF_TEXT
        same("whether it was delivered", delivered, received["verdict"] == "received")
        self.row("they send", received)
        return received

    def row(self, direction, transmission):
        """Remembers a line of the table."""
        action = (transmission["diagnosis"].get("action") or {}).get("kind", "-")
        self.table.append((self.name, direction, transmission["verdict"], transmission["diagnosis"]["cause"], action))

    def seen(self):
        """What was seen before it was expected: kind by fingerprint, of this connection."""
        listed = self.world.json("certificate", "list")["sightings"]
        return {each["fingerprint_sha256"]: each["kind"] for each in listed if each["connection"] == self.connection}

    def mend(self, party, *words):
        """The one command that puts it right."""
        self.table.append((self.name, "", "", "mended by one command",
                           "--sighted" if words[0] == "--sighted" else "the file again"))
        self.world.run("certificate", "import", *words, "--connection", self.connection, "--profile", "production",
                       "--activate", "now", "--confirm-fingerprint", fingerprint(party))


def fingerprint(party):
    """The SHA-256 fingerprint of a party's certificate as OpenSSL shows it, as a partner would send it."""
    done = subprocess.run(["openssl", "x509", "-in", party.certificate, "-noout", "-fingerprint", "-sha256"], check=True,
                          capture_output=True)
    return done.stdout.decode().strip()


def digits(party):
    """The same as our JSON writes it."""
    return fingerprint(party).partition("=")[2].replace(":", "").lower()


def verdict(transmission, expected, action=None):
    """Holds a verdict, and what is offered to put it right."""
    said = f"{transmission['diagnosis']['cause']}: {transmission['diagnosis']['explanation']}"
    holds(transmission["verdict"] == expected, f"the verdict is {transmission['verdict']}, expected {expected}; {said}")
    found = (transmission["diagnosis"].get("action") or {}).get("kind")
    if action is not ...:
        holds(found == action, f"what is offered is {found}, expected {action}; {said}")


def run(checks, world, server, make):
    """All orders of events. `make` makes a party."""
    if not checks.wants("flip"):
        return
    old, new = make("flip-old"), make("flip-new")
    table = []

    def rollover(name):
        return Rollover(world, server, name, old, new, table)

    with checks.check("they change their key before the agreed instant"):
        early = rollover("EARLY")
        verdict(early.send(), "delivered")
        early.schedule(FAR)
        verdict(early.receive(), "received")
        same("what was seen", early.seen(), {})
        early.flip()
        # What they sign is accepted since the import, and says that they have switched.
        verdict(early.receive(), "received", "activate-certificate")
        same("what was seen", early.seen(), {digits(new): "scheduled"})
        verdict(early.send(), "failed", "activate-certificate")
        early.mend(new, "--sighted", digits(new))
        verdict(early.send(), "delivered")
        verdict(early.receive(), "received")
        same("what is still told", early.seen(), {})

    with checks.check("they change their key before the agreed instant and only our receipts show it"):
        quiet = rollover("EARLY-QUIET")
        quiet.schedule(FAR)
        quiet.flip()
        verdict(quiet.send(), "failed", "activate-certificate")
        same("what was seen", quiet.seen(), {digits(new): "scheduled"})
        quiet.mend(new, "--sighted", digits(new))
        verdict(quiet.send(), "delivered")

    with checks.check("they change their key at the agreed instant"):
        sharp = rollover("AT")
        sharp.schedule(AHEAD)
        verdict(sharp.send(), "delivered")
        verdict(sharp.receive(), "received")
        sharp.wait()
        sharp.flip()
        verdict(sharp.send(), "delivered")
        verdict(sharp.receive(), "received")
        same("what was seen", sharp.seen(), {})

    with checks.check("they change their key after the agreed instant"):
        late = rollover("AFTER")
        late.schedule(6)
        late.wait()
        # What they sign with the old key is accepted until it ends; what is encrypted for the new one they cannot open.
        verdict(late.receive(), "received")
        verdict(late.send(), "failed", "rollback-certificate")
        same("what was seen", late.seen(), {})
        late.mend(old, str(old.certificate))
        verdict(late.send(), "delivered")
        late.flip()
        verdict(late.receive(), "received", ...)
        verdict(late.send(), "failed", ...)
        late.mend(new, str(new.certificate))
        verdict(late.send(), "delivered")
        verdict(late.receive(), "received")

    with checks.check("they change their key without a word, seen in what they send"):
        silent = rollover("SILENT")
        silent.flip()
        verdict(silent.receive(), "refused", "import-certificate")
        same("what was seen", silent.seen(), {digits(new): "unknown"})
        server.says(f"--sighted {digits(new)}")
        verdict(silent.receive(), "refused", "import-certificate")
        silent.mend(new, "--sighted", digits(new))
        verdict(silent.receive(), "received")
        verdict(silent.send(), "delivered")
        same("what is still told", silent.seen(), {})

    with checks.check("they change their key without a word, seen in their receipt"):
        silent = rollover("SILENT-RECEIPT")
        silent.flip()
        verdict(silent.send(), "failed", ...)
        same("what was seen", silent.seen(), {digits(new): "unknown"})
        silent.mend(new, "--sighted", digits(new))
        verdict(silent.send(), "delivered")

    for row in table:
        print("     " + " | ".join(f"{cell:<{width}}" for cell, width in zip(row, (14, 9, 10, 62, 22))), flush=True)
