"""What changes a workspace, and how it is seen afterwards whether it was done, all of it or nothing."""

import contextlib
import functools
import itertools
import json
import os
import pathlib
import shutil
import socket
import sqlite3

from place import HERE, Place, Server, copied, holds, tracer

PASSPHRASE = "correct horse battery staple"
OLD_PASSPHRASE = "an earlier one of five words"
ASSETS = HERE.parent.parent / "assets" / "migrations"
FIXTURES = HERE.parent / "fixtures"


class Operation:
    """One operation. `base` is what there is before it; every try begins with a copy of that."""

    #: What is written to its standard input.
    stdin = None
    #: How it is protected, where not by a key file.
    passphrase = None
    #: The keys that must open before and after.
    identities = ("us",)
    #: Whether what is looked at is what a power cut has left, while others went on.
    cut = False

    def __init__(self, program, scratch):
        self.program, self.scratch = program, scratch
        self.base, self.files = scratch / "base", scratch / "files"
        for folder in (self.base, self.files):
            folder.mkdir(parents=True)
        self.tries = itertools.count(1)
        self.prepare()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def place(self, root):
        return Place(self.program, root, passphrase=self.passphrase)

    def prepare(self):
        """Makes what there is before."""

    def do(self, place, traced):
        """Does it behind a tracer, which may kill it."""
        place.run(*self.words(place), stdin=self.stdin, expect=None, traced=traced)

    def promise(self, calls):
        """What was told so far by what has been called: that it is done, or nothing."""
        return "done" if any(call["kind"] == "tell" and call.get("result", -1) > 0 for call in calls) else None

    def judge(self, place, promised):
        """Raises where it is half done, something is lost, or it is not what was promised. Says whether it is there."""
        is_there = self.is_there(place)
        holds(is_there or promised != "done", "it was told to be done and is not there")
        return is_there

    def again(self, place, is_there):
        """Does once more what may be there already."""
        place.run(*self.words(place), stdin=self.stdin, expect=(0, 2) if is_there else (0,))


class Creation(Operation):
    """A new workspace, with the first identity in it."""

    name = "create"

    def words(self, _):
        return "identity", "create", "us", "--key", "ec-p256"

    def is_there(self, place):
        if not place.workspace.is_dir():
            return False
        listed = place.run("identity", "list", "--json", expect=(0, 2))
        if listed.returncode == 2:
            holds("there is no workspace at" in listed.stdout, f"it is refused: {listed.stdout}")
            return False
        names = [each["name"] for each in json.loads(listed.stdout)["identities"]]
        holds(names in ([], ["us"]), f"identities are {names}")
        if names:
            place.sound(names)
        return bool(names)


class Import(Operation):
    """Connections taken over with their key, certificates and passwords."""

    name = "connection import"

    def prepare(self):
        self.place(self.base).run("identity", "create", "us", "--key", "ec-p256")

    def words(self, _):
        return "connection", "import", FIXTURES / "openas2" / "partnerships.xml"

    def is_there(self, place):
        ids = sorted(each["id"] for each in place.json("connection", "list")["connections"])
        names = sorted(each["name"] for each in place.json("identity", "list")["identities"])
        prints = len(place.json("certificate", "list")["certificates"])
        found = ids, names, prints > 0
        holds(found in (([], ["us"], False), (["contoso", "northwind-traders"], ["acme", "us"], True)), f"half done: {found}")
        place.sound(names)
        return bool(ids)


class Export(Operation):
    """A key written to a file, in the place of another."""

    name = "identity export"
    stdin = "of the file\n"

    def prepare(self):
        self.place(self.base).run("identity", "create", "us", "--key", "ec-p256")
        (self.base / "out").mkdir()
        (self.base / "out" / "us.p12").write_bytes(b"before")

    def words(self, place):
        return "identity", "export", "us", "--format", "p12", "--password-stdin", "-o", place.root / "out" / "us.p12"

    def is_there(self, place):
        place.sound(self.identities)
        if (place.root / "out" / "us.p12").read_bytes() == b"before":
            return False
        found = place.run("certificate", "inspect", place.root / "out" / "us.p12", "--password-stdin", "--json", stdin=self.stdin)
        holds(json.loads(found.stdout)["private_key"], "it holds no key")
        return True


class Protect(Operation):
    """What protects keys and passwords is another, in the backups too."""

    @staticmethod
    def called(before, after):
        return f"{'passphrase' if before else 'key file'} to {'passphrase' if after else 'key file'}"

    def __init__(self, how, program, scratch):
        self.passphrase, self.after = before, after = how
        self.name = self.called(before, after)
        self.stdin = f"{after}\n" if after else None
        super().__init__(program, scratch)

    def prepare(self):
        place = self.place(self.base)
        place.run("identity", "create", "us", "--key", "ec-p256")
        backups = place.workspace / "backups"
        backups.mkdir(mode=0o700)
        shutil.copy(place.workspace / "countersign.sqlite", backups / "daily-20261126T090000Z.sqlite")

    def words(self, _):
        return ("workspace", "protect", "--passphrase-stdin") if self.after else ("workspace", "protect", "--key-file")

    def by(self, place, passphrase):
        return Place(place.program, place.root, passphrase=passphrase)

    def is_there(self, place):
        # Each is tried with what it opens by; a key file opens whatever else is said.
        looked = [self.by(place, by).run("workspace", "show", "--json", expect=(0, 2)) for by in (self.after, self.passphrase)]
        found = [json.loads(each.stdout).get("protection") for each in looked]
        wished = ["passphrase" if by else "key-file" for by in (self.after, self.passphrase)]
        is_there = found[0] == wished[0]
        holds(is_there or found[1] == wished[1], f"it opens by neither: {found}")
        self.by(place, self.after if is_there else self.passphrase).sound(self.identities)
        return is_there

    def judge(self, place, promised):
        kept = place.workspace / "workspace.key"
        if promised == "done" and self.after:
            holds(not kept.exists(), "it was told to be done, and the key still lies beside the database")
        is_there = super().judge(place, promised)
        if is_there and self.after:
            holds(not kept.exists(), "the key still lies beside the database once it was opened")
        if promised == "done":
            for backup in (place.workspace / "backups").glob("daily-*.sqlite"):
                # A backup that is put back has to open as the workspace does.
                copy = self.by(place, self.after)
                copy.root = copied(place.root, self.scratch / "put back")
                copy.workspace = copy.root / "w"
                copy.run("workspace", "restore", copy.workspace / "backups" / backup.name)
                copy.sound(self.identities)
        return is_there

    def again(self, place, is_there):
        self.by(place, self.after if is_there else self.passphrase).run(*self.words(place), stdin=self.stdin)


class PutBack(Operation):
    """A database that was backed up by itself put back, in the place of one with a log that a killed program left."""

    name = "database put back"
    BACKUP = "daily-20261126T090000Z.sqlite"

    def prepare(self):
        place = self.place(self.base)
        place.run("identity", "create", "us", "--key", "ec-p256")
        backups = place.workspace / "backups"
        backups.mkdir(mode=0o700)
        shutil.copy(place.workspace / "countersign.sqlite", backups / self.BACKUP)
        later = ("identity", "create", "later", "--key", "ec-p256")
        log = self.scratch / "later.log"
        copy = self.place(copied(self.base, self.scratch / "try"))
        copy.run(*later, traced=tracer(log))
        told = next(call["n"] for call in read(log) if call["kind"] == "tell")
        place.run(*later, traced=tracer(log, kill=(told, "after")), expect=None)
        holds((place.workspace / "countersign.sqlite-wal").stat().st_size > 0, "the killed program has left no log")

    def words(self, place):
        return "workspace", "restore", place.workspace / "backups" / self.BACKUP

    def is_there(self, place):
        names = sorted(each["name"] for each in place.json("identity", "list")["identities"])
        holds(names in (["us"], ["later", "us"]), f"identities are {names}")
        place.sound(names)
        if names == ["us"]:
            aside = [path.name for path in place.workspace.iterdir() if path.name.startswith("countersign.sqlite.put-aside-")]
            kept = [self.put_aside(place, name) for name in aside if not name.endswith(("-wal", "-shm", "-journal"))]
            holds(["later", "us"] in kept, f"what was put aside holds {kept}")
        return names == ["us"]

    def put_aside(self, place, name):
        """The identities in a database that was put aside."""
        folder = self.scratch / "aside" / "w"
        shutil.rmtree(folder.parent, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        for end in ("", "-wal"):
            if (place.workspace / f"{name}{end}").exists():
                shutil.copy(place.workspace / f"{name}{end}", folder / f"countersign.sqlite{end}")
        shutil.copy(place.workspace / "workspace.key", folder)
        return sorted(each["name"] for each in self.place(folder.parent).json("identity", "list")["identities"])

    def again(self, place, is_there):
        place.run(*self.words(place))


class Migration(Operation):
    """A workspace of an earlier version is opened."""

    identities = ("acme-2026",)

    @staticmethod
    def called(version):
        return f"schema {version}"

    def __init__(self, version, program, scratch):
        self.version, self.name = version, self.called(version)
        super().__init__(program, scratch)

    def prepare(self):
        folder = self.base / "w"
        folder.mkdir(mode=0o700)
        with contextlib.closing(sqlite3.connect(folder / "countersign.sqlite")) as database:
            database.execute("CREATE TABLE schema_versions (version BIGINT PRIMARY KEY NOT NULL, applied_at TEXT NOT NULL)")
            for number, script in enumerate(sorted(ASSETS.glob("*.sql"))[:self.version], 1):
                database.executescript(script.read_text(encoding="utf-8"))
                database.execute("INSERT INTO schema_versions VALUES (?, '2026-11-27T03:34:05Z')", (number,))
            for number in range(1, self.version + 1):
                database.executescript((FIXTURES / "workspaces" / f"{number:04}.sql").read_text(encoding="utf-8"))
            database.execute("PRAGMA application_id = 1131696999")
            database.execute(f"PRAGMA user_version = {self.version}")
            database.commit()
        key = folder / "workspace.key"
        key.write_bytes(bytes.fromhex((FIXTURES / "workspaces" / "workspace.key.hex").read_text().strip()))
        for file in folder.iterdir():
            file.chmod(0o600)

    def words(self, _):
        return "connection", "list"

    def is_there(self, place):
        # In a copy, because whoever looks settles what was left.
        copy = copied(place.workspace, self.scratch / "looked at")
        with contextlib.closing(sqlite3.connect(copy / "countersign.sqlite")) as database:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            applied = database.execute("SELECT max(version) FROM schema_versions").fetchone()[0]
        newest = len(list(ASSETS.glob("*.sql")))
        holds((version, applied) in ((self.version, self.version), (newest, newest)), f"schema {version}, of which {applied}")
        # Looking at it brings it up to date.
        ids = [each["id"] for each in place.json("connection", "list")["connections"]]
        holds(ids == ["amazon-us"] and len(place.transmissions()) == 3, f"something is lost: {ids} {place.transmissions()}")
        place.sound(self.identities, "--without-archive")
        backups = list((place.workspace / "backups").glob("before-schema-*.sqlite"))
        holds(backups, "it was not backed up before")
        for backup in backups:
            place.run("workspace", "verify", backup)
        return version == newest


class Paired(Operation):
    """With a partner: two workspaces, each a partner of the other, and where the other listens."""

    counted = itertools.count(1)

    def prepare(self):
        # An address of this process's own, which nobody else takes while nothing listens there.
        process, which = os.getpid(), next(self.counted)
        with socket.socket() as free:
            free.bind((f"127.{1 + process % 200}.{process // 200 % 200}.{which}", 0))
            self.address = "{}:{}".format(*free.getsockname())
        for workspace, name in (("ours", "us"), ("theirs", "them")):
            place = Place(self.program, self.base, workspace)
            place.run("identity", "create", name, "--key", "rsa-2048")
            place.run("identity", "export", name, "-o", self.files / f"{name}.pem")
        for workspace, ours, partner in (("ours", "us", "them"), ("theirs", "them", "us")):
            file = self.files / f"{workspace}.toml"
            url = f"http://{self.address}/as2" if workspace == "ours" else "http://127.0.0.1:9/as2"
            profile = (f'our_as2_id = "{ours}"\npartner_as2_id = "{partner}"\nurl = "{url}"\nidentity = "{ours}"\n'
                       f'partner_certificates = ["{partner}.pem"]\ntimeout_seconds = 20\n')
            file.write_text(f'id = "{partner}"\nname = "{partner}"\n[production]\n{profile}[test]\n{profile}', encoding="utf-8")
            Place(self.program, self.base, workspace).run("connection", "add", file)

    def serving(self, place, traced=()):
        return Server(place, "--listen", self.address, "--inbox", place.root / "inbox", traced=traced)

    def document(self):
        """A document that no other try has sent."""
        number = next(self.tries)
        file = self.files / f"order-{number}.edi"
        file.write_text(f"UNA:+.? 'UNB+UNOC:3+US+THEM+261127:0900+{number}'UNZ+0+{number}'", encoding="utf-8")
        return file

    @staticmethod
    def arrived(place):
        """What lies in the inbox."""
        folder = place.root / "inbox" / "us" / "production"
        names = [path for path in folder.iterdir() if not path.name.startswith(".")] if folder.is_dir() else []
        return sorted(path.read_text(encoding="utf-8") for path in names)

    @staticmethod
    def sent(place, file):
        return [each for each in place.transmissions() if each["file"] == file.name]


class Renewal(Paired):
    """A partner's renewed certificate, from a day on, in both profiles."""

    name = "certificate import"

    def place(self, root):
        return Place(self.program, root, "ours")

    def prepare(self):
        super().prepare()
        other = Place(self.program, self.scratch / "other")
        other.run("identity", "create", "renewed", "--days", "7000")
        other.run("identity", "export", "renewed", "-o", self.files / "renewed.pem")
        self.print = other.json("identity", "list")["identities"][0]["fingerprint_sha256"]

    def words(self, _):
        return ("certificate", "import", self.files / "renewed.pem", "--connection", "them", "--activate",
                "2040-03-28T09:00[Europe/Berlin]", "--confirm-fingerprint", self.print)

    def is_there(self, place):
        listed = {each["fingerprint_sha256"]: each for each in place.json("certificate", "list")["certificates"]}
        used = sorted({each["profile"] for each in listed.get(self.print, {"used": []})["used"]})
        holds(used in ([], ["production", "test"]), f"half done: it is used in {used}")
        holds(len(listed) == 1 + (self.print in listed), f"certificates are {list(listed)}")
        place.sound(self.identities)
        return bool(used)


class Sending(Paired):
    """A message is sent to a partner that answers."""

    name = "send"

    def __enter__(self):
        self.theirs = Place(self.program, copied(self.base, self.scratch / "partner"), "theirs")
        self.server = self.serving(self.theirs)
        self.server.__enter__()
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def place(self, root):
        return Place(self.program, root, "ours")

    def do(self, place, traced):
        self.file = self.document()
        place.run(*self.words(place), expect=None, traced=traced)

    def words(self, _):
        return "send", self.file, "--connection", "them", "--profile", "production"

    def promise(self, calls):
        """Once a byte has left for the partner, the journal has the message; once the outcome is told, that."""
        tells = [call for call in calls if call["kind"] == "tell"]
        if any("Delivered" in call.get("text", "") and call.get("result", -1) > 0 for call in tells):
            return "done"
        return "begun" if any(call["paths"][0].startswith("socket:") for call in tells) else None

    def judge(self, place, promised):
        place.sound(self.identities)
        # One whose document was never taken over ended before anything was sent.
        whole = {each["id"]: place.run("transmission", "raw", each["id"], "payload", expect=None).returncode == 0
                 for each in self.sent(place, self.file)}
        found = [each for each in self.sent(place, self.file) if whole[each["id"]]]
        holds(len(found) <= 1, f"journalled twice: {found}")
        came = self.arrived(self.theirs).count(self.file.read_text(encoding="utf-8"))
        holds(came <= 1, f"arrived {came} times")
        holds(found or not came or self.cut, "the partner has it, and the journal knows nothing of it")
        holds(found or not promised, "a byte was sent before the journal had it on disk")
        if found:
            verdict = found[0]["verdict"]
            holds(verdict in ("queued", "sending", "delivered", "failed", "uncertain"), f"it is {verdict}")
            holds(promised != "done" or verdict == "delivered", f"it was told to be delivered and is {verdict}")
            holds(verdict != "delivered" or came == 1, "it is delivered and did not arrive")
        return bool(found) and found[0]["verdict"] == "delivered"

    def again(self, place, is_there):
        if is_there:
            return
        # What is under way at this instant is not known to be left before somebody looks after it.
        with Server(place, "--listen", "127.0.0.1:0"):
            found = self.sent(place, self.file)
            payload = found and place.run("transmission", "raw", found[0]["id"], "payload", expect=None).returncode == 0
            if payload:
                place.run("transmission", "redeliver", found[0]["id"])
            else:
                place.run(*self.words(place))
        came = self.arrived(self.theirs).count(self.file.read_text(encoding="utf-8"))
        holds(came == 1, f"sent again it arrived {came} times")


class Receiving(Paired):
    """A message is received, put into the inbox and answered."""

    name = "receive"
    identities = ("them",)

    def place(self, root):
        return Place(self.program, root, "theirs")

    def do(self, place, traced):
        self.file = self.document()
        ours = Place(self.program, place.root, "ours")
        with self.serving(place, traced=traced) as server:
            self.delivered = False
            if server.url:
                ours.run("send", self.file, "--connection", "them", "--profile", "production", expect=None)
                self.delivered = self.sent(ours, self.file)[0]["verdict"] == "delivered"
            server.stop()

    def promise(self, calls):
        """What the partner was answered."""
        tells = [call for call in calls if call["kind"] == "tell" and call["paths"][0].startswith("socket:")]
        return "done" if any(call.get("result", -1) > 0 for call in tells) else None

    def judge(self, place, promised):
        place.sound(self.identities)
        came = self.arrived(place).count(self.file.read_text(encoding="utf-8"))
        found = [each for each in place.transmissions() if each["direction"] == "inbound"]
        holds(came <= 1, f"it is in the inbox {came} times")
        if promised == "done" or (self.delivered and not self.cut):
            holds(came == 1, "it was answered and is not in the inbox")
            received = [each for each in found if each["verdict"] == "received" and each["cause"] == "Received"]
            holds(len(received) == 1, f"it was answered and is journalled as {found}")
        return came == 1 and bool(found)

    def again(self, place, is_there):
        ours = Place(self.program, place.root, "ours")
        with self.serving(place) as server:
            known = self.sent(ours, self.file)
            if known:
                ours.run("transmission", "redeliver", known[0]["id"], "--again")
            else:
                ours.run("send", self.file, "--connection", "them", "--profile", "production")
            server.stop()
        found = [each for each in place.transmissions() if each["direction"] == "inbound"]
        holds(all(each["verdict"] in ("received", "refused") for each in found), f"it is not known how something ended: {found}")
        self.delivered = True


class Transmitted(Paired):
    """With messages that went both ways before."""

    MESSAGES = 4

    def prepare(self):
        super().prepare()
        ours = Place(self.program, self.base, "ours")
        with self.serving(Place(self.program, self.base, "theirs")):
            for _ in range(self.MESSAGES):
                ours.run("send", self.document(), "--connection", "them", "--profile", "production")

    def place(self, root):
        return Place(self.program, root, "ours")


class Retention(Transmitted):
    """What the rules say is removed from the archive."""

    name = "retention"

    def prepare(self):
        super().prepare()
        place = self.place(self.base)
        place.run("retention", "set", "--payloads", "30d", "--raw", "30d")
        place.run("retention", "show")
        with contextlib.closing(sqlite3.connect(place.workspace / "countersign.sqlite")) as database:
            database.execute("UPDATE holdings SET at_ns = at_ns - 100 * 86400 * 1000000000")
            database.commit()

    def words(self, _):
        return "retention", "run"

    def is_there(self, place):
        place.sound(self.identities)
        listed = place.transmissions()
        holds([each["verdict"] for each in listed] == ["delivered"] * self.MESSAGES, f"the journal has {listed}")
        left = sum(name == "payload" for _, _, names in os.walk(place.workspace / "archive") for name in names)
        receipts = sum(name.startswith("response.body") for _, _, names in os.walk(place.workspace / "archive") for name in names)
        holds(receipts == self.MESSAGES, f"of {self.MESSAGES} receipts {receipts} are there")
        return left == 0


class BackUp(Transmitted):
    """All of a workspace in one file, in the place of another."""

    name = "backup"
    stdin = f"{PASSPHRASE}\n"

    def prepare(self):
        super().prepare()
        (self.base / "out").mkdir()
        (self.base / "out" / "b.zip").write_bytes(b"before")

    def words(self, place):
        return "workspace", "backup", "--passphrase-stdin", "-o", place.root / "out" / "b.zip"

    def is_there(self, place):
        place.sound(self.identities)
        file = place.root / "out" / "b.zip"
        if file.read_bytes() == b"before":
            return False
        facts = place.json("workspace", "verify", file)
        holds(facts["transmissions"] == self.MESSAGES and facts["payloads"], f"in the backup are {facts}")
        return True


class Restore(Transmitted):
    """A backup becomes a workspace in another place: so a workspace is moved."""

    name = "restore"
    passphrase = PASSPHRASE

    def prepare(self):
        super().prepare()
        made = self.files / "b.zip"
        Place(self.program, self.base, "ours").run("workspace", "backup", "--passphrase-stdin", "-o", made, stdin=f"{PASSPHRASE}\n")
        shutil.rmtree(self.base)
        self.base.mkdir()

    def place(self, root):
        return Place(self.program, root, passphrase=self.passphrase)

    def words(self, place):
        return "workspace", "restore", self.files / "b.zip", "--into", place.workspace

    def is_there(self, place):
        if not place.workspace.exists():
            return False
        place.sound(self.identities)
        holds(len(place.transmissions()) == self.MESSAGES, f"the journal has {place.transmissions()}")
        checked = place.json("workspace", "check")["archive"]["payloads"]
        holds(checked == self.MESSAGES, f"of {self.MESSAGES} payloads {checked} are there")
        return True


def read(log):
    """The calls of a log; its last line may not be whole."""
    return [json.loads(line) for line in pathlib.Path(log).read_text(encoding="utf-8").splitlines()]


def operations():
    """All of them: what each is called, and what makes it in a folder."""
    found = [(kind.name, kind) for kind in
             (Creation, Import, Renewal, Export, Sending, Receiving, Retention, BackUp, Restore, PutBack)]
    found += [(Protect.called(*how), functools.partial(Protect, how)) for how in
              ((None, PASSPHRASE), (OLD_PASSPHRASE, PASSPHRASE), (PASSPHRASE, None))]
    newest = len(list(ASSETS.glob("*.sql")))
    return found + [(Migration.called(version), functools.partial(Migration, version)) for version in range(1, newest)]
