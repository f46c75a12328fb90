"""The world in which the checks run: a workspace in a temporary folder, keys of made-up partners, the program under
test, and the counting of what held.

The program is driven through its command line alone; nothing is read from its workspace behind its back.
"""

import contextlib
import json
import os
import pathlib
import queue
import signal
import socket
import subprocess
import threading
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request

CIPHERS = ["3des-cbc", "aes128-cbc", "aes192-cbc", "aes256-cbc"]
# What pyas2lib does not know and OpenSSL alone is asked about.
GCM = ["aes128-gcm", "aes192-gcm", "aes256-gcm"]
CURVES = ["P-256", "P-384"]
DIGESTS = ["sha1", "sha256", "sha384", "sha512"]
LIGHTS = ["http", "receipt", "receipt_signature", "disposition", "mic"]

# An X12 interchange as it is common: one segment a line.
CRLF_TEXT = b"".join(line + b"\r\n" for line in [
    b"ISA*00*          *00*          *ZZ*ACME           *ZZ*PARTNER        *261124*0900*U*00401*000000001*0*T*>~",
    b"GS*PO*ACME*PARTNER*20261124*0900*1*X*004010~",
    b"ST*850*0001~", b"BEG*00*SA*PO-1**20261124~", b"SE*3*0001~", b"GE*1*1~", b"IEA*1*000000001~",
])
PAYLOADS = {
    "crlf": CRLF_TEXT,
    "lf": CRLF_TEXT.replace(b"\r\n", b"\n"),
    # Every byte value, and what a reader of lines or of multiparts could stumble over.
    "binary": bytes(range(256)) * 5 + b"\r\n--\r\n\n\r\r\n. \t\r\n\x00--=\r",
    "empty": b"",
}


class Checks:
    """Prints one line per check and counts."""

    def __init__(self, only):
        self.only, self.passed, self.failed = only, 0, 0

    @contextlib.contextmanager
    def check(self, name):
        """What runs inside must not raise. Always enters; a filter leaves out whole groups, not single checks."""
        began = time.monotonic()
        try:
            yield
        except Exception as error:
            self.failed += 1
            reason = str(error) or "".join(traceback.format_exception_only(error)).strip()
            where = traceback.extract_tb(error.__traceback__)[-1]
            print(f"FAIL {name}: {reason} [{os.path.basename(where.filename)}:{where.lineno}]", flush=True)
        else:
            self.passed += 1
            print(f"ok   {name} ({(time.monotonic() - began) * 1000:.0f} ms)", flush=True)

    def wants(self, group):
        """Whether a group of checks was asked for."""
        return not self.only or group in self.only


def same(what, found, expected):
    """Raises where two values differ, and says how."""
    if found != expected:
        raise AssertionError(f"{what} is {shown(found)}, expected {shown(expected)}")


def holds(condition, otherwise):
    """Raises where a condition does not hold."""
    if not condition:
        raise AssertionError(otherwise)


def shown(value):
    """A value short enough for one line."""
    text = repr(value)
    return text if len(text) <= 240 else f"{text[:120]} ... {text[-80:]} ({len(value)} long)"


class Party:
    """A key with a self-signed certificate, made by OpenSSL: one partner, or a stranger."""

    def __init__(self, folder, name, key=("rsa:2048",)):
        self.key, self.certificate, self.both = (folder / f"{name}{end}" for end in (".key", ".crt", ".pem"))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", *key, "-nodes", "-sha256", "-days", "30", "-subj",
             f"/CN={name}/O=Interoperability checks", "-keyout", self.key, "-out", self.certificate],
            check=True, stdin=subprocess.DEVNULL, capture_output=True)
        self.both.write_bytes(self.key.read_bytes() + self.certificate.read_bytes())


def on_curve(folder, name, curve):
    """A party with an EC key."""
    return Party(folder, name, ("ec", "-pkeyopt", f"ec_paramgen_curve:{curve}"))


class World:
    """A workspace and the program on it."""

    def __init__(self, program, folder):
        self.program, self.folder = str(program), pathlib.Path(folder)
        self.workspace = self.folder / "workspace"
        self.inbox = self.folder / "inbox"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERSIGN_")}
        # A proxy of the machine's has no business between two loopback addresses.
        self.environment = {**environment, "COUNTERSIGN_WORKSPACE": str(self.workspace), "NO_COLOR": "1"}
        self.run("identity", "create", "acme", "--subject", "CN=Acme, O=Acme Supply")
        self.certificate = self.folder / "acme.crt"
        self.run("identity", "export", "acme", "-o", str(self.certificate))

    def run(self, *words, expect=(0,), stdin=None):
        """Runs the program and returns what it wrote to standard output."""
        done = subprocess.run([self.program, *words], env=self.environment, input=stdin, capture_output=True,
                              stdin=subprocess.DEVNULL if stdin is None else None, timeout=120)
        if done.returncode not in expect:
            said = (done.stderr.decode() + done.stdout.decode()).strip()
            raise AssertionError(f"`countersign {' '.join(words)}` ended with {done.returncode}: {said[-600:]}")
        holds(b"panicked" not in done.stderr, f"it panicked: {done.stderr.decode()[-600:]}")
        return done.stdout

    def json(self, *words, expect=(0,)):
        """Runs the program with `--json` and returns its one document."""
        return json.loads(self.run("--json", *words, expect=expect))

    def take_identity(self, name, party):
        """Imports a party's key as an identity of ours."""
        self.run("identity", "import", str(party.both), "--name", name)

    def connect(self, connection, ours, theirs, url, certificate, profile="production", identity="acme", **settings):
        """Adds a connection of one profile, through a connection file."""
        def quoted(text):
            return json.dumps(str(text))
        lines = [f"id = {quoted(connection)}", f"name = {quoted('Partner ' + connection)}", f"[{profile}]",
                 f"our_as2_id = {quoted(ours)}", f"partner_as2_id = {quoted(theirs)}", f"url = {quoted(url)}",
                 f"identity = {quoted(identity)}", f"partner_certificates = [{quoted(certificate)}]"]
        lines += [f"{key} = {value if isinstance(value, int) else quoted(value)}" for key, value in settings.items()]
        file = self.folder / f"{connection}.toml"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.run("connection", "add", str(file), "--replace")

    def set(self, connection, **settings):
        """Changes settings of the connection's production profile."""
        self.run("connection", "set", connection, "production", *(f"{key}={value}" for key, value in settings.items()))

    def send(self, connection, payload, name="order.edi", expect=(0, 1)):
        """Sends bytes and returns the transmission."""
        file = self.folder / name
        file.write_bytes(payload)
        return self.json("send", str(file), "--connection", connection, "--profile", "production", expect=expect)

    def raw(self, transmission, side):
        """Head and body of one side, as kept."""
        return split_raw(self.run("transmission", "raw", transmission["id"], side))


def split_raw(raw):
    """Head and body of kept raw bytes."""
    head, blank, body = raw.partition(b"\r\n\r\n")
    holds(blank, "the kept bytes have no head")
    return head, body


class Server:
    """`countersign serve` on a free port, until the block ends; then it must stop by itself when told to."""

    def __init__(self, world):
        self.world = world

    def __enter__(self):
        command = [self.world.program, "serve", "--listen", "127.0.0.1:0", "--inbox", str(self.world.inbox)]
        self.log = open(self.world.folder / "serve.log", "wb")
        self.process = subprocess.Popen(command, env=self.world.environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.log)
        lines = queue.Queue()
        threading.Thread(target=lambda: lines.put(self.process.stdout.readline()), daemon=True).start()
        line = lines.get(timeout=30).decode().strip()
        prefix = "listening on "
        holds(line.startswith(prefix + "http://"), f"serve said {line!r}: {self.said()[-600:]}")
        self.url = line[len(prefix):]
        return self

    def said(self):
        """All that it wrote to standard error."""
        return (self.world.folder / "serve.log").read_text(errors="replace")

    def says(self, words):
        """Waits until it has written these words to standard error: what it notices is told after the answer has left."""
        end = time.monotonic() + 30
        while words not in self.said():
            holds(time.monotonic() < end, f"serve did not say {words!r}: {self.said()[-600:]}")
            time.sleep(0.05)

    def stop(self):
        """Tells it to finish; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def inbox(self, connection, profile="production"):
        """The files received for a profile, name by name."""
        folder = self.world.inbox / connection / profile
        return {file.name: file.read_bytes() for file in sorted(folder.iterdir())} if folder.is_dir() else {}

    def inbound(self, message_id):
        """The journal's entries for a Message-ID, the newest first."""
        listed = self.world.json("transmission", "list", "--limit", "20")["transmissions"]
        ids = [each["id"] for each in listed
               if each["direction"] == "inbound" and each["message_id"].strip("<>") == message_id.strip("<>")]
        return [self.world.json("transmission", "show", each) for each in ids]


def converse(url, *pieces, pause=0.05):
    """Writes bytes to the server of a URL as they are, piece by piece, and returns all that comes back."""
    address = urllib.parse.urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        found = b""
        while chunk := connection.recv(65536):
            found += chunk
    return found


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def post(url, fields, body):
    """Posts bytes; returns status, header fields in lower case, and the body, whatever the status is."""
    request = urllib.request.Request(url, data=body, headers=dict(fields), method="POST")
    try:
        with OPENER.open(request, timeout=60) as answer:
            status, headers, body = answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        status, headers, body = answer.code, answer.headers, answer.read()
    return status, {name.lower(): value for name, value in headers.items()}, body
