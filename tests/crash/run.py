#!/usr/bin/env python3
"""`countersign` killed at every write, sync and rename, and the power cut after every sync.

  run.py PROGRAM [--all] [--seed N] [--only WORDS] [--at N]

For each operation that changes a workspace, the program is killed with SIGKILL before and after each call that changes a file or
tells somebody of it. Afterwards the workspace has to be sound, its keys have to open, the operation has to be there as a whole or
not at all, and what was told to be done has to be done; doing it once more has to work, and nothing may be left that was needed
only meanwhile. Then the operation is run once to its end, and what of the disk would have outlasted a power cut at each instant
(disk.py) is looked at in the same way.

Without `--all` it takes some of the calls of each operation: those before and after a sync, a rename and what is told, and others by
chance. What it prints is enough to do one again: `--only` the operation, `--at` the call. Ends with 1 where something did not hold.

Linux alone, on x86-64 or AArch64, and Python's standard library alone.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True

from operations import operations, read  # noqa: E402
from place import copied, holds, tracer  # noqa: E402

#: So many calls of an operation are taken in the short form, and so many states.
KILLS, STATES = 14, 14
#: So many operations are tried at once.
AT_ONCE = 2


class Run:
    """One operation, killed and cut again and again."""

    def __init__(self, operation, random, whole, at):
        self.operation, self.random, self.whole, self.at = operation, random, whole, at
        self.scratch = operation.scratch
        self.log = self.scratch / "log"
        self.failed, self.tried = [], {"kills": 0, "states": 0}

    def run(self):
        """Tries all."""
        calls = self.uninterrupted()
        if not self.at:
            self.power(calls)
        chosen = self.chosen(calls)
        for n, when in chosen:
            with self.trying(f"killed {when} call {n}", lambda: self.shown(calls, n)):
                self.killed(n, when)
        return self.failed

    def trying(self, what, more):
        """What runs inside must not raise."""
        run = self

        class Trying:
            def __enter__(self):
                pass

            def __exit__(self, kind, error, trace):
                if error is None or not isinstance(error, Exception):
                    return False
                where = traceback.extract_tb(trace)[-1]
                reason = str(error) or repr(error)
                told = f"{run.operation.name}, {what}: {reason} [{os.path.basename(where.filename)}:{where.lineno}]{more()}"
                run.failed.append(told)
                print(f"FAIL {told}", flush=True)
                return True
        return Trying()

    def shown(self, calls, n):
        """The call, for whoever reads."""
        found = [call for call in calls if call["n"] == n]
        names = [[os.path.basename(path) for path in call["paths"]] for call in found]
        return "".join(f" ({call['call']} {' '.join(each)})" for call, each in zip(found, names))

    def uninterrupted(self):
        """The calls of one that comes to its end; what is left then has to hold too."""
        root = copied(self.operation.base, self.scratch / "try")
        place = self.operation.place(root)
        states = self.scratch / "states"
        self.operation.do(place, tracer(self.log, disk=(root, states)))
        calls = read(self.log)
        with self.trying("uninterrupted", str):
            holds(self.operation.judge(place, self.operation.promise(calls)), "it was not done")
            self.nothing_left(place)
        return calls

    def chosen(self, calls):
        """At which calls it is killed."""
        both = [(call["n"], when) for call in calls for when in ("before", "after")]
        if self.at:
            return [each for each in both if each[0] == self.at]
        if self.whole:
            return both
        telling = {call["n"] for call in calls if call["kind"] != "write"}
        some = [each for each in both if each[0] in telling]
        taken = self.random.sample(some, min(len(some), KILLS - KILLS // 4))
        rest = [each for each in both if each not in taken]
        return sorted(taken + self.random.sample(rest, min(len(rest), KILLS - len(taken))))

    def killed(self, n, when):
        """Killed at one call. Another run may have fewer: then it came to its end."""
        self.tried["kills"] += 1
        place = self.operation.place(copied(self.operation.base, self.scratch / "try"))
        self.operation.do(place, tracer(self.log, kill=(n, when)))
        self.holds_and_can_be_repeated(place, self.operation.promise(read(self.log)))

    def holds_and_can_be_repeated(self, place, promised):
        is_there = self.operation.judge(place, promised)
        self.operation.again(place, is_there)
        holds(self.operation.judge(place, "done"), "done once more, it is not there")
        self.nothing_left(place)

    @staticmethod
    def nothing_left(place):
        left = place.left_over()
        holds(not left, f"there is left {left}")

    def power(self, calls):
        """What outlasts a power cut at each instant."""
        index = [json.loads(line) for line in (self.scratch / "states" / "index.jsonl").read_text().splitlines()]
        found = {}
        for each in index:
            promised = self.operation.promise([call for call in calls if call["n"] <= each["n"]])
            found.setdefault((each["state"], promised), each)
        chosen = sorted(found.items(), key=lambda item: item[1]["n"])
        if not self.whole and len(chosen) > STATES:
            # The last of all, and of those before what is promised last, are those that most can be missing in.
            chosen = sorted(self.random.sample(chosen[:-2], STATES - 2), key=lambda item: item[1]["n"]) + chosen[-2:]
        self.operation.cut = True
        for (state, promised), each in chosen:
            with self.trying(f"power cut after call {each['n']}, {each['kind']}", lambda: self.shown(calls, each["n"])):
                self.tried["states"] += 1
                place = self.operation.place(copied(self.scratch / "states" / state, self.scratch / "try"))
                self.operation.judge(place, promised)
        self.operation.cut = False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only")
    parser.add_argument("--at", type=int)
    arguments = parser.parse_args()
    print(f"--seed {arguments.seed}", flush=True)
    found = [each for each in operations() if not arguments.only or arguments.only in each[0]]
    if not arguments.all and not arguments.only:
        # Of the earlier schemas the first, the last and another.
        schemas = [each for each in found if each[0].startswith("schema ")]
        other = random.Random(arguments.seed).choice(schemas[1:-1])
        found = [each for each in found if each not in schemas] + [schemas[0], other, schemas[-1]]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as workers:
        failed = sum(workers.map(lambda each: run(*each, arguments), found))
    if failed:
        print(f"{failed} did not hold")
        sys.exit(1)


def run(name, make, arguments):
    """Runs one operation; how much of it did not hold."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="countersign-crash-") as scratch:
        with make(str(arguments.program.resolve()), pathlib.Path(scratch)) as operation:
            chance = random.Random(f"{arguments.seed} {name}")
            run = Run(operation, chance, arguments.all, arguments.at)
            failed = len(run.run())
    print(f"{'FAIL' if failed else 'ok  '} {name}: {run.tried['kills']} kills, {run.tried['states']} states of the disk "
          f"({time.monotonic() - begun:.0f} s)", flush=True)
    return failed


if __name__ == "__main__":
    main()
