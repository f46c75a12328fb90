"""What of a folder outlasts a power cut, as far as a file system has to hold it and no further.

What a file holds is on disk once the file was synced, and a name once its folder was; a rename from one folder into another is
there in both or in neither (POSIX has no more, and file systems with a journal do no less). Two of the states that a cut at an
instant may leave are the worst:

  least   nothing is there but what was synced
  names   all names are there, ahead of what is in the files: a file that was not synced has what it had when it was, or nothing
"""

import hashlib
import json
import os
import pathlib
import stat


class Disk:
    """Follows a folder call by call, and writes each state that is another than all before."""

    def __init__(self, folder, states):
        self.folder, self.states = os.path.realpath(folder), pathlib.Path(states)
        self.states.mkdir(parents=True, exist_ok=True)
        self.index = open(self.states / "index.jsonl", "w", encoding="utf-8")
        # Numbers of files by those of the file system, which gives them anew once a file is gone.
        self.numbers, self.kinds = {}, {}
        # What is on disk of each: its mode, and its bytes or its names.
        self.kept = {}
        self.moves = []
        self.seen = {}
        self.before_call = {}
        self.keep_all(self.folder)
        self.root = self.number(os.stat(self.folder))

    def number(self, found):
        """The number of a file."""
        key = (found.st_dev, found.st_ino)
        if key not in self.numbers:
            number = len(self.kinds) + 1
            self.numbers[key], self.kinds[number] = number, found.st_mode
        return self.numbers[key]

    def forget(self, found):
        self.numbers.pop((found.st_dev, found.st_ino), None)

    def keep_all(self, path):
        """All that is there at the beginning has been on disk for long."""
        found = os.lstat(path)
        self.kept[self.number(found)] = self.content(path, found)
        if stat.S_ISDIR(found.st_mode):
            for name in os.listdir(path):
                self.keep_all(os.path.join(path, name))

    def content(self, path, found):
        """What a file or a folder holds now."""
        if not stat.S_ISDIR(found.st_mode):
            with open(path, "rb") as file:
                return found.st_mode, file.read()
        return found.st_mode, {name: number for name, (number, _) in self.names(path).items()}

    def names(self, path):
        """The names in a folder, each with its number and what the system says of it."""
        names = {}
        for name in os.listdir(path):
            try:
                found = os.lstat(os.path.join(path, name))
            except FileNotFoundError:
                # Another thread goes on meanwhile.
                continue
            if stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode):
                names[name] = (self.number(found), found)
        return names

    def is_ours(self, path):
        return path == self.folder or path.startswith(self.folder + "/")

    def before(self, call):
        """A call begins: what a sync finds is what it has to keep, and what loses its name is looked at as long as it has one."""
        paths = call["paths"]
        if call["kind"] == "sync" and self.is_ours(paths[0]):
            found = os.stat(paths[0]) if os.path.lexists(paths[0]) else None
            if found:
                self.before_call[call["thread"]] = (self.number(found), self.content(paths[0], found))
        elif call["kind"] == "name":
            gone = [paths[-1]] if call["call"].startswith(("rename", "unlink", "rmdir")) else []
            self.before_call[call["thread"]] = [os.lstat(path) for path in gone if os.path.lexists(path)]

    def after(self, call):
        """A call has ended."""
        known = self.before_call.pop(call["thread"], None)
        if call["result"] < 0:
            return
        if call["kind"] == "sync" and known:
            number, content = known
            self.kept[number] = content
            if isinstance(content[1], dict):
                self.moved(number)
        elif call["kind"] == "name":
            for found in known or []:
                if stat.S_ISDIR(found.st_mode) or found.st_nlink == 1:
                    self.forget(found)
            if call["call"].startswith("rename") and self.is_ours(call["paths"][1]):
                self.note_move(*call["paths"])
        if call["kind"] != "write":
            self.write(call["n"])

    def note_move(self, source, target):
        above, below = os.path.dirname(source), os.path.dirname(target)
        if above != below and self.is_ours(source):
            number = self.number(os.lstat(target))
            ends = [(self.number(os.stat(folder)), os.path.basename(path)) for folder, path in [(above, source), (below, target)]]
            self.moves.append((number, *ends))

    def moved(self, folder):
        """A folder was synced: what was renamed into it or out of it is so at the other end too."""
        for move in [move for move in self.moves if folder in (move[1][0], move[2][0])]:
            number, (above, old), (below, new) = move
            if above in self.kept and self.kept[above][1].get(old) == number:
                del self.kept[above][1][old]
            if below in self.kept:
                self.kept[below][1][new] = number
            self.moves.remove(move)

    def least(self, number, into):
        """What is there of a file or folder, if nothing is but what was synced."""
        # What has its name, and was never synced, is there with nothing in it.
        mode = self.kinds[number]
        mode, content = self.kept.get(number, (mode, {} if stat.S_ISDIR(mode) else b""))
        if isinstance(content, bytes):
            return {into: (mode, content)}
        found = {into: (mode, None)}
        for name, number in content.items():
            found.update(self.least(number, f"{into}/{name}"))
        return found

    def ahead(self, path, into):
        """What is there if all names are."""
        found = {into: (os.lstat(path).st_mode, None)}
        for name, (number, about) in self.names(path).items():
            below = os.path.join(path, name)
            if stat.S_ISDIR(about.st_mode):
                found.update(self.ahead(below, f"{into}/{name}"))
            else:
                content = self.kept.get(number, (0, b""))[1]
                found[f"{into}/{name}"] = (about.st_mode, content)
        return found

    def write(self, n):
        """Writes the states of this instant."""
        for kind, find in [("least", lambda: self.least(self.root, "")), ("names", lambda: self.ahead(self.folder, ""))]:
            try:
                found = find()
            except FileNotFoundError:
                # A folder went while it was read, by another thread: the call by which it did has its own states.
                continue
            digest = hashlib.sha256()
            for path, (mode, content) in sorted(found.items()):
                digest.update(f"{path}\0{mode:o}\0{-1 if content is None else len(content)}\0".encode("utf-8", "surrogateescape"))
                digest.update(content or b"")
            digest = digest.hexdigest()
            if digest not in self.seen:
                self.seen[digest] = f"{len(self.seen) + 1:04}"
                self.lay(self.states / self.seen[digest], found)
            print(json.dumps({"n": n, "kind": kind, "state": self.seen[digest]}), file=self.index, flush=True)

    @staticmethod
    def lay(place, found):
        """Makes the folder of a state."""
        for path, (mode, content) in found.items():
            target = f"{place}{path}"
            if content is None:
                os.makedirs(target)
            else:
                with open(target, "wb") as file:
                    file.write(content)
        for path, (mode, _) in found.items():
            os.chmod(f"{place}{path}", stat.S_IMODE(mode) or 0o700)
