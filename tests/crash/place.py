"""The program, and the workspaces that it is run on."""

import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
#: How long one command may take, under the tracer too.
PATIENCE = 120


def holds(condition, otherwise):
    """Raises where a condition does not hold."""
    if not condition:
        raise AssertionError(otherwise)


class Place:
    """A folder with a workspace in it, and what lies beside that."""

    def __init__(self, program, root, workspace="w", passphrase=None):
        self.program, self.root, self.passphrase = str(program), pathlib.Path(root), passphrase
        self.workspace = self.root / workspace

    def environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERSIGN_")}
        kept |= {"COUNTERSIGN_WORKSPACE": str(self.workspace), "NO_COLOR": "1"}
        return kept | ({"COUNTERSIGN_PASSPHRASE": self.passphrase} if self.passphrase else {})

    def run(self, *words, expect=(0,), stdin=None, traced=()):
        """Runs the program to its end; its exit code and what it wrote. A code that is not expected raises."""
        done = subprocess.run([*traced, self.program, *map(str, words)], env=self.environment(), timeout=PATIENCE,
                              input=stdin, capture_output=True, text=True, stdin=None if stdin is not None else subprocess.DEVNULL)
        holds("panicked" not in done.stderr, f"it panicked: {done.stderr[-600:]}")
        said = (done.stderr + done.stdout).strip()[-600:]
        holds(expect is None or done.returncode in expect, f"`countersign {' '.join(map(str, words))}` ended with {done.returncode}: {said}")
        return done

    def json(self, *words, expect=(0,), stdin=None):
        """The one document that it answers with."""
        return json.loads(self.run("--json", *words, expect=expect, stdin=stdin).stdout)

    def transmissions(self):
        return self.json("transmission", "list", "--limit", "1000")["transmissions"]

    def sound(self, identities=(), *how):
        """The workspace is sound, its log is as written, and the keys of these identities open."""
        found = self.json("workspace", "check", *how, expect=(0, 1))
        holds(found["sound"], f"the workspace is damaged: {found}")
        self.run("audit", "verify")
        for name in identities:
            self.key_opens(name)

    def key_opens(self, name):
        target = self.root.parent / f"{self.root.name}.key.p12"
        self.run("identity", "export", name, "--format", "p12", "--password-stdin", "-o", target, stdin="opened for a test\n")
        target.unlink()

    def left_over(self):
        """What lies there that is not whole, or was needed only meanwhile."""
        found = []
        for folder, folders, files in os.walk(self.root):
            names = [name for name in files + folders if name.startswith(".") or name.endswith(("-journal", ".partial"))]
            found += [os.path.relpath(os.path.join(folder, name), self.root) for name in names]
        return sorted(found)


class Server:
    """`serve` on a workspace, until the block ends."""

    def __init__(self, place, *words, traced=()):
        self.place, self.command = place, [*traced, place.program, "serve", *map(str, words)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, env=self.place.environment(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        lines = queue.Queue()
        threading.Thread(target=lambda: lines.put(self.process.stdout.readline()), daemon=True).start()
        #: Where it listens; nothing where it ended before that.
        self.url = lines.get(timeout=PATIENCE).strip().removeprefix("listening on ")
        return self

    def stop(self):
        """Tells it to end, and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def copied(source, target):
    """A folder with all that is in it, in the place of what was there."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(source, target)
    return target


def tracer(log, kill=None, disk=None):
    """What a command is put behind to be traced."""
    words = [sys.executable, str(HERE / "tracer.py"), "--log", str(log)]
    if kill:
        words += ["--kill", *map(str, kill)]
    if disk:
        words += ["--disk", str(disk[0]), "--states", str(disk[1])]
    return [*words, "--"]
