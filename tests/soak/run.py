#!/usr/bin/env python3
"""Good and hostile traffic at full load against `countersign serve`, and what became of it.

  run.py PROGRAM [--minutes N] [--against-pyas2lib]

Partners' messages come from pyas2lib, two at a time and as fast as they are answered. Beside them, each from addresses of its own:
slow clients that hold as many connections as they get, strangers, replays, tampered and cut messages, bombs, and what is not HTTP.
The first minute is quiet, for comparison. Where the machine lets it (root, `ip`), the addresses are private ones of the loopback
device, because this machine's own have a larger share of the places; else they are 127.0.0.0/8.

Ends with 1 where a message that was answered `processed` is not in the inbox, is there twice or is another, where a partner was
turned away, or where memory grew by more than 64 MiB after the first minute of attack. With `--against-pyas2lib` the same traffic,
without what needs our journal, goes to a server on pyas2lib afterwards, for the figures beside each other.

Needs what tests/interop needs; take its Python: `$(tests/interop/setup.sh) tests/soak/run.py target/release/countersign`.
"""

import argparse
import collections
import hashlib
import http.client
import os
import pathlib
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
import zlib

sys.dont_write_bytecode = True
warnings.simplefilter("ignore")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))

from pyas2lib import as2  # noqa: E402

import peer  # noqa: E402
import receiving  # noqa: E402
from world import Party, World  # noqa: E402

QUIET = 60
SLOW_CLIENTS = 300
# A partner's connection is turned away where it is answered so.
TURNED_AWAY = {429, 503}


class Tally:
    """What was tried and how it was answered, by kind."""

    def __init__(self):
        self.lock = threading.Lock()
        self.answers = collections.defaultdict(collections.Counter)

    def add(self, kind, answer):
        with self.lock:
            self.answers[kind][answer] += 1

    def total(self, kind):
        return sum(self.answers[kind].values())


class Addresses:
    """Addresses to come from: private ones where they can be had."""

    def __init__(self):
        self.added = []
        if os.geteuid() == 0 and all(self.add(f"10.77.{third}.1") for third in range(8)):
            self.of = lambda which: f"10.77.{which}.1"
        else:
            self.of = lambda which: f"127.0.{which}.1"

    def add(self, address):
        try:
            done = subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], capture_output=True)
        except FileNotFoundError:
            return False
        if done.returncode == 0:
            self.added.append(address)
        return done.returncode == 0 or b"File exists" in done.stderr

    def remove(self):
        for address in self.added:
            subprocess.run(["ip", "address", "del", f"{address}/32", "dev", "lo"], capture_output=True)


def post(where, address, fields, body, timeout=60):
    """Posts from an address; the status and the answer as head and body in one."""
    connection = http.client.HTTPConnection(*where, timeout=timeout, source_address=(address, 0))
    try:
        connection.request("POST", "/as2", body=body, headers=fields)
        answer = connection.getresponse()
        head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items()).encode("latin-1")
        return answer.status, head + b"\r\n" + answer.read()
    finally:
        connection.close()


class Soak:
    """One server under load."""

    def __init__(self, where, addresses, us, theirs):
        self.where, self.addresses, self.us, self.theirs = where, addresses, us, theirs
        self.tally = Tally()
        self.over = threading.Event()
        self.attack = threading.Event()
        self.numbers = iter(range(1, 1 << 60))
        self.lock = threading.Lock()
        #: Digest of each payload by file, for those answered `processed`.
        self.delivered = {}
        #: Times in seconds of a partner's message: without and under attack.
        self.times = {False: [], True: []}
        self.kept = collections.deque(maxlen=64)
        self.troubles = []

    def good(self):
        """A partner: one message after the other."""
        while not self.over.is_set():
            with self.lock:
                number = next(self.numbers)
            # Text, because pyas2lib makes line ends of what looks like them.
            payload = receiving.CRLF_TEXT + os.urandom(random.choice([0, 1000, 20_000])).hex().encode() + b"\r\n"
            name = f"order-{number}.edi"
            message = as2.Message(self.us, self.theirs)
            message.build(payload, filename=name, subject="Soak", content_type="application/edi-x12")
            fields = {key: " ".join(value.split()) for key, value in message.headers.items()}
            under_attack = self.attack.is_set()
            began = time.monotonic()
            try:
                status, raw = post(self.where, self.addresses.of(1), fields, message.content)
            except OSError as error:
                self.tally.add("partner", type(error).__name__)
                self.troubles.append(f"{name}: {error!r}")
                continue
            self.times[under_attack].append(time.monotonic() - began)
            verdict = as2.Mdn().parse(raw, find_message_cb=lambda *_, sent=message: sent)[0] if status == 200 else status
            self.tally.add("partner", verdict)
            if verdict == "processed":
                self.delivered[name] = hashlib.sha256(payload).digest()
                self.kept.append((fields, message.content))
            else:
                self.troubles.append(f"{name}: {verdict}")

    def hostile(self, kinds, which):
        """Somebody who tries one thing after the other."""
        self.attack.wait()
        while not self.over.is_set():
            kind = random.choice(kinds)
            made = kind(self)
            if made is None:
                time.sleep(0.2)
                continue
            try:
                self.tally.add(kind.__name__, post(self.where, self.addresses.of(which), *made, timeout=30)[0])
            except (OSError, http.client.HTTPException) as error:
                self.tally.add(kind.__name__, type(error).__name__)

    def garbage(self):
        """What is not HTTP, or hangs up in the middle."""
        self.attack.wait()
        while not self.over.is_set():
            try:
                with socket.create_connection(self.where, 10, (self.addresses.of(4), 0)) as connection:
                    connection.sendall(random.choice([
                        os.urandom(2000), b"GET / HTTP/1.1\r\n" * 500, b"POST /as2 HTTP/1.1\r\n" + b"A: b\r\n" * 20_000,
                        b"POST /as2 HTTP/1.1\r\nContent-Length: 99999\r\n\r\nhalf", b"\x16\x03\x01\x02\x00", b""]))
                    connection.settimeout(0.2)
                    self.tally.add("garbage", connection.recv(100).split(b"\r\n")[0].decode("latin-1")[:12] or "closed")
            except OSError as error:
                self.tally.add("garbage", type(error).__name__)

    def slow(self, held):
        """Holds connections and gives a byte now and then; what is closed is opened again."""
        self.attack.wait()
        connections = []
        head = b"POST /as2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\nAS2-From: PYAS2\r\nAS2-To: ACME\r\n\r\n"
        while not self.over.is_set():
            while len(connections) < held:
                address = self.addresses.of(5 + len(connections) % 3)
                try:
                    connection = socket.create_connection(self.where, 2, (address, 0))
                    connection.sendall(head if len(connections) % 2 else b"POST /as2 HTTP/1.1\r\nX")
                    connections.append(connection)
                    self.tally.add("slow", "opened")
                except OSError as error:
                    self.tally.add("slow", type(error).__name__)
                    break
            time.sleep(0.5)
            for connection in list(connections):
                try:
                    connection.setblocking(False)
                    try:
                        gone = connection.recv(1000) == b""
                    except BlockingIOError:
                        gone = False
                    if not gone:
                        connection.send(b"x")
                except OSError:
                    gone = True
                if gone:
                    self.tally.add("slow", "thrown out")
                    connection.close()
                    connections.remove(connection)
        for connection in connections:
            connection.close()


def replayed(soak):
    """The very request that was answered before."""
    return random.choice(soak.kept) if soak.kept else None


def replayed_as_new(soak):
    """The same signed message under another Message-ID."""
    if not soak.kept:
        return None
    fields, content = random.choice(soak.kept)
    return {**fields, "message-id": f"<{random.random()}@replay>"}, content


def tampered(soak):
    """A bit of a partner's message changed."""
    if not soak.kept:
        return None
    fields, content = random.choice(soak.kept)
    place = random.randrange(len(content))
    changed = content[:place] + bytes([content[place] ^ 1 << random.randrange(8)]) + content[place + 1:]
    return {**fields, "message-id": f"<{random.random()}@tampered>"}, changed


def cut(soak):
    """A partner's message without its end."""
    if not soak.kept:
        return None
    fields, content = random.choice(soak.kept)
    return {**fields, "message-id": f"<{random.random()}@cut>"}, content[:random.randrange(len(content))]


def plain(sender, kind, body):
    return {**receiving.FIELDS, "AS2-From": sender, "Message-ID": f"<{random.random()}@hostile>", "Content-Type": kind}, body


def stranger(_):
    """Somebody whom nobody knows."""
    return plain(f"STRANGER{random.randrange(1000)}", "application/edi-x12", b"ISA*" + os.urandom(random.randrange(5000)))


def unsigned(_):
    """A partner's name and nothing that shows it."""
    return plain("PYAS2", "application/edi-x12", b"ISA*" + os.urandom(1000))


def noise(_):
    """What says that it is encrypted."""
    return plain("PYAS2", "application/pkcs7-mime; smime-type=enveloped-data", os.urandom(random.randrange(1, 20_000)))


def nested(_):
    """BER without an end, deep in itself."""
    return plain("PYAS2", "application/pkcs7-mime; smime-type=signed-data", b"\x30\x80\x06\x09*\x86H\x86\xf7\r\x01\x07\x02" * 3000)


def zeros(_):
    """CompressedData that grows a thousandfold."""
    def der(tag, content):
        length = len(content)
        size = bytes([length]) if length < 128 else bytes([0x80 | 4]) + length.to_bytes(4, "big")
        return bytes([tag]) + size + content
    data = der(0x30, der(6, bytes.fromhex("2a864886f70d010701")) + der(0xA0, der(4, ZEROS)))
    compressed = der(0x30, der(2, b"\0") + der(0x30, der(6, bytes.fromhex("2a864886f70d0109100308"))) + data)
    body = der(0x30, der(6, bytes.fromhex("2a864886f70d0109100109")) + der(0xA0, compressed))
    return plain("PYAS2", "application/pkcs7-mime; smime-type=compressed-data", body)


ZEROS = zlib.compress(bytes(64 << 20), 9)


def parts(_):
    """A multipart of ten thousand parts."""
    return plain("PYAS2", 'multipart/signed; boundary="b"; protocol="application/pkcs7-signature"',
                 b"--b\r\n\r\n\r\n" * 10_000 + b"--b--\r\n")


def memory(pid):
    """Resident memory in KiB, and open files."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(resident.split()[1]), len(os.listdir(f"/proc/{pid}/fd"))


def milliseconds(times):
    if len(times) < 2:
        return "none"
    cuts = statistics.quantiles(times, n=100)
    return f"median {cuts[49] * 1000:.0f} ms, 99th {cuts[98] * 1000:.0f}, longest {max(times) * 1000:.0f} (of {len(times)})"


def load(soak, minutes, pid):
    """Runs the traffic; returns what memory was each ten seconds."""
    kinds = [replayed, replayed_as_new, tampered, cut]
    others = [stranger, unsigned, noise, nested, zeros, parts]
    threads = [threading.Thread(target=soak.good) for _ in range(2)]
    threads += [threading.Thread(target=soak.hostile, args=(kinds, 2)), threading.Thread(target=soak.hostile, args=(others, 3))]
    threads += [threading.Thread(target=soak.garbage), threading.Thread(target=soak.slow, args=(SLOW_CLIENTS,))]
    for thread in threads:
        thread.start()
    began, seen = time.monotonic(), []
    while (elapsed := time.monotonic() - began) < minutes * 60:
        if elapsed >= QUIET and not soak.attack.is_set():
            soak.attack.set()
        time.sleep(10)
        seen.append((round(elapsed), *(memory(pid) if pid else (0, 0)), soak.tally.total("partner")))
        if len(seen) % 6 == 0:
            print("  %4d s: %6d KiB, %3d files, %d from partners" % seen[-1], flush=True)
    soak.attack.set()
    soak.over.set()
    for thread in threads:
        thread.join(90)
    return seen


def tell(name, soak, seen, minutes):
    """Prints the figures."""
    print(f"\n{name}, {minutes:g} minutes, the first quiet")
    for kind in sorted(soak.tally.answers):
        print(f"  {kind:16}{soak.tally.total(kind):8}  {dict(soak.tally.answers[kind].most_common(6))}")
    print(f"  a partner's message, quiet: {milliseconds(soak.times[False])}")
    print(f"  under attack:               {milliseconds(soak.times[True])}")
    if seen and seen[-1][1]:
        attacked = [each for each in seen if each[0] >= 2 * QUIET] or seen
        print(f"  memory: {seen[0][1]} KiB at the start, {attacked[0][1]} after a minute of attack, {attacked[-1][1]} at the end, "
              f"most {max(each[1] for each in seen)}; open files at the end {seen[-1][2]}")


def ours(program, minutes, addresses, folder):
    """The load on our server; the faults found."""
    world = World(program, folder)
    party = Party(world.folder, "partner")
    world.connect("inbound", "ACME", "PYAS2", "http://127.0.0.1:9/as2", party.certificate)
    command = [world.program, "serve", "--listen", f"{addresses.of(0)}:0", "--inbox", str(world.inbox)]
    with open(world.folder / "serve.log", "wb") as log:
        server = subprocess.Popen(command, env=world.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
    try:
        url = server.stdout.readline().decode().strip().removeprefix("listening on http://")
        host, _, port = url.partition("/")[0].rpartition(":")
        soak = Soak((host, int(port)), addresses, receiving.organization(party),
                    receiving.partner(world, "ACME", "aes128-cbc", "sha256", "sha256"))
        seen = load(soak, minutes, server.pid)
        faults = [] if server.poll() is None else [f"serve ended with {server.returncode}"]
    finally:
        server.terminate()
        server.wait(60)
    tell("countersign serve", soak, seen, minutes)
    inbox = world.inbox / "inbound" / "production"
    found = {file.name: hashlib.sha256(file.read_bytes()).digest() for file in inbox.iterdir()}
    lost = [name for name in soak.delivered if name not in found]
    other = [name for name, digest in soak.delivered.items() if name in found and found[name] != digest]
    # What was answered with a broken connection may have been delivered.
    more = [name for name in found if name not in soak.delivered and not any(each.startswith(f"{name}:") for each in soak.troubles)]
    print(f"  answered processed {len(soak.delivered)}, in the inbox {len(found)}: "
          f"lost {len(lost)}, changed {len(other)}, twice or from nobody {len(more)}")
    said = (world.folder / "serve.log").read_text(errors="replace")
    print(f"  panics in the log: {said.count('panicked')}; on disk {sum(f.stat().st_size for f in world.workspace.rglob('*') if f.is_file()) >> 20} MiB")
    turned_away = sum(soak.tally.answers["partner"][status] for status in TURNED_AWAY)
    faults += [f"{what}: {names[:5]}" for what, names in (("lost", lost), ("changed", other), ("too much", more)) if names]
    faults += soak.troubles[:5]
    if turned_away:
        faults.append(f"a partner was turned away {turned_away} times")
    if "panicked" in said:
        faults.append("it panicked")
    attacked = [each[1] for each in seen if each[0] >= 2 * QUIET]
    if attacked and attacked[-1] - attacked[0] > 64 << 10:
        faults.append(f"memory grew by {(attacked[-1] - attacked[0]) >> 10} MiB")
    return faults


def theirs(minutes, addresses, folder):
    """The same load on pyas2lib behind the standard library's server, in a process of its own."""
    folder = pathlib.Path(folder) / "pyas2lib"
    folder.mkdir()
    server_party, party = Party(folder, "server"), Party(folder, "partner")
    script = pathlib.Path(peer.__file__)
    process = subprocess.Popen([sys.executable, str(script), "ACME", str(server_party.both), f"PYAS2={party.certificate}"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    url = process.stdout.readline().strip().rpartition("http://")[2]
    threading.Thread(target=lambda: collections.deque(process.stdout, maxlen=1), daemon=True).start()
    host, _, port = url.partition("/")[0].rpartition(":")
    certificate = server_party.certificate.read_bytes()
    partner = as2.Partner("ACME", verify_cert=certificate, encrypt_cert=certificate, validate_certs=False, sign=True,
                          digest_alg="sha256", encrypt=True, enc_alg="aes_128_cbc", mdn_mode="SYNC", mdn_digest_alg="sha256")
    local = type("Local", (), {"of": staticmethod(lambda which: f"127.0.{which}.1")})
    soak = Soak((host, int(port)), local, receiving.organization(party), partner)
    try:
        seen = load(soak, minutes, process.pid)
    finally:
        process.kill()
        process.wait()
    tell("pyas2lib on http.server", soak, seen, minutes)
    if soak.troubles:
        print(f"  partners' troubles {len(soak.troubles)}, the first {soak.troubles[0]}")


def main():
    """Runs the load and says what was wrong."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program", type=pathlib.Path)
    arguments.add_argument("--minutes", type=float, default=60)
    arguments.add_argument("--against-pyas2lib", action="store_true")
    given = arguments.parse_args()
    addresses = Addresses()
    try:
        with tempfile.TemporaryDirectory(prefix="countersign-soak-") as folder:
            faults = ours(given.program.resolve(), given.minutes, addresses, folder)
            if given.against_pyas2lib:
                theirs(given.minutes, addresses, folder)
    finally:
        addresses.remove()
    for fault in faults:
        print(f"FAULT {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
