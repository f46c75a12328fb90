#!/usr/bin/env python3
"""Runs a program and stops it at every call that changes a disk or tells somebody of it.

  tracer.py --log FILE [--kill N before|after] [--disk FOLDER --states FOLDER] -- PROGRAM [ARGUMENT...]

Calls are counted over all threads together, which `strace --inject` does not do: it counts in each by itself. So the Nth is each
there is, once. `--kill` sends SIGKILL at the Nth: before it, so that the kernel does not do it any more, or after it is done.

With `--disk`, what of that folder outlasts a power cut is written to `--states` at each call after which that is another (disk.py).

The log has one JSON document a line: what was called, on which file, and what came of it. Ends with what the program ended with.
"""

import argparse
import ctypes
import json
import os
import pathlib
import platform
import signal
import struct
import sys

sys.dont_write_bytecode = True

from disk import Disk  # noqa: E402

# linux/ptrace.h
TRACEME, SYSCALL, SETOPTIONS, GET_SYSCALL_INFO = 0, 24, 0x4200, 0x420E
TRACESYSGOOD, TRACEFORK, TRACEVFORK, TRACECLONE, TRACEEXEC, EXITKILL = 1, 2, 4, 8, 16, 1 << 20
ENTRY, EXIT = 1, 2
ALL_THREADS = 0x40000000

AT_FDCWD = -100
O_CREAT = 0o100
O_TRUNC = 0o1000
FICLONE = 0x40049409

# What is called: by its number on x86-64 and on the others (asm/unistd_64.h, asm-generic/unistd.h); the kind; and which
# arguments say what it is done to: `fd`, `at` (a folder and a path, one after the other) or `path` alone.
CALLS = {
    "write": (1, 64, "write", [("fd", 0)]),
    "pwrite64": (18, 68, "write", [("fd", 0)]),
    "writev": (20, 66, "write", [("fd", 0)]),
    "pwritev": (296, 70, "write", [("fd", 0)]),
    "pwritev2": (328, 287, "write", [("fd", 0)]),
    "ftruncate": (77, 46, "write", [("fd", 0)]),
    "fallocate": (285, 47, "write", [("fd", 0)]),
    "copy_file_range": (326, 285, "write", [("fd", 2)]),
    "sendfile": (40, 71, "write", [("fd", 0)]),
    "ioctl": (16, 29, "write", [("fd", 0)]),
    "sendto": (44, 206, "tell", [("fd", 0)]),
    "sendmsg": (46, 211, "tell", [("fd", 0)]),
    "fsync": (74, 82, "sync", [("fd", 0)]),
    "fdatasync": (75, 83, "sync", [("fd", 0)]),
    "open": (2, None, "name", [("path", 0)]),
    "openat": (257, 56, "name", [("at", 0)]),
    "mkdir": (83, None, "name", [("path", 0)]),
    "mkdirat": (258, 34, "name", [("at", 0)]),
    "rename": (82, None, "name", [("path", 0), ("path", 1)]),
    "renameat": (264, 38, "name", [("at", 0), ("at", 2)]),
    "renameat2": (316, 276, "name", [("at", 0), ("at", 2)]),
    "link": (86, None, "name", [("path", 0), ("path", 1)]),
    "linkat": (265, 37, "name", [("at", 0), ("at", 2)]),
    "unlink": (87, None, "name", [("path", 0)]),
    "rmdir": (84, None, "name", [("path", 0)]),
    "unlinkat": (263, 35, "name", [("at", 0)]),
}
COLUMN = 0 if platform.machine() == "x86_64" else 1
BY_NUMBER = {call[COLUMN]: (name, *call[2:]) for name, call in CALLS.items() if call[COLUMN] is not None}

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, thread, address=None, data=None):
    """One request; an error where the thread is gone, as with SIGKILL it may be at any time."""
    ctypes.set_errno(0)
    answer = libc.ptrace(request, thread, address, data)
    if answer < 0 and ctypes.get_errno():
        raise OSError(ctypes.get_errno(), "ptrace")
    return answer


def signed(number):
    """A register as the number that it is."""
    return number - (1 << 64) if number >= 1 << 63 else number


class Tracer:
    """One program, with all its threads."""

    def __init__(self, command, log, kill, disk):
        self.log, self.kill, self.disk = log, kill, disk
        self.count, self.under_way, self.code = 0, {}, None
        self.info = ctypes.create_string_buffer(88)
        self.process = os.fork()
        if self.process == 0:
            libc.ptrace(TRACEME, 0, None, None)
            os.kill(os.getpid(), signal.SIGSTOP)
            os.execv(command[0], command)
        os.waitpid(self.process, 0)
        options = TRACESYSGOOD | TRACEFORK | TRACEVFORK | TRACECLONE | TRACEEXEC | EXITKILL
        ptrace(SETOPTIONS, self.process, None, options)
        signal.signal(signal.SIGTERM, lambda *_: os.kill(self.process, signal.SIGTERM))
        self.go_on(self.process, 0)

    def go_on(self, thread, with_signal):
        try:
            ptrace(SYSCALL, thread, None, with_signal)
        except ProcessLookupError:
            pass

    def run(self):
        """Until the last thread has ended. Returns the exit code."""
        while True:
            try:
                thread, status = os.waitpid(-1, ALL_THREADS)
            except ChildProcessError:
                return self.code
            if os.WIFEXITED(status) or os.WIFSIGNALED(status):
                self.under_way.pop(thread, None)
                if thread == self.process:
                    self.code = os.waitstatus_to_exitcode(status)
                continue
            what, event = os.WSTOPSIG(status), status >> 16
            if what == signal.SIGTRAP | 0x80:
                try:
                    self.stopped(thread)
                except (ProcessLookupError, FileNotFoundError):
                    # Killed meanwhile.
                    pass
                self.go_on(thread, 0)
            elif event or what in (signal.SIGSTOP, signal.SIGTRAP):
                self.go_on(thread, 0)
            else:
                self.go_on(thread, what)

    def stopped(self, thread):
        """A thread that begins or ends a call."""
        ptrace(GET_SYSCALL_INFO, thread, ctypes.sizeof(self.info), ctypes.addressof(self.info))
        operation = self.info.raw[0]
        if operation == ENTRY:
            number, *arguments = struct.unpack_from("<7Q", self.info.raw, 24)
            call = self.call(thread, number, arguments)
            if call:
                self.count += 1
                call["n"] = self.count
                self.under_way[thread] = call
                if self.kill == (self.count, "before"):
                    self.end(call)
                elif self.disk:
                    self.disk.before(call)
        elif operation == EXIT and thread in self.under_way:
            call = self.under_way.pop(thread)
            call["result"] = struct.unpack_from("<q", self.info.raw, 24)[0]
            if self.kill == (call["n"], "after"):
                self.end(call)
                return
            if self.disk:
                self.disk.after(call)
            self.tell(call)

    def tell(self, call):
        print(json.dumps(call), file=self.log, flush=True)

    def end(self, call):
        os.kill(self.process, signal.SIGKILL)
        call["killed"] = True
        self.tell(call)

    def call(self, thread, number, arguments):
        """What is called, where it is one of those that count; on which files, by their paths."""
        known = BY_NUMBER.get(number)
        if known is None:
            return None
        name, kind, on = known
        if name == "ioctl" and arguments[1] & 0xFFFFFFFF != FICLONE:
            return None
        if name.startswith("open") and not arguments[on[0][1] + (on[0][0] == "at") + 1] & (O_CREAT | O_TRUNC):
            return None
        paths = [self.path(thread, how, arguments, at) for how, at in on]
        if on[0][0] == "fd":
            what = paths[0]
            if what.startswith("socket:") or arguments[on[0][1]] == 1:
                kind = "tell"
            elif not what.startswith("/") or what.startswith(("/dev/", "/proc/")) or kind == "tell":
                return None
        elif name.startswith("open") and paths[0].startswith(("/dev/", "/proc/", "/sys/")):
            return None
        call = {"call": name, "kind": kind, "paths": paths, "thread": thread}
        if kind == "tell" and name in ("write", "sendto"):
            call["text"] = self.bytes(thread, arguments[1], min(arguments[2], 4096)).decode("utf-8", "replace")
        return call

    def path(self, thread, how, arguments, at):
        if how == "fd":
            return os.readlink(f"/proc/{thread}/fd/{arguments[at]}")
        if how == "path":
            folder, text = AT_FDCWD, arguments[at]
        else:
            # The kernel takes an int.
            folder, text = ctypes.c_int(arguments[at] & 0xFFFFFFFF).value, arguments[at + 1]
        name = self.text(thread, text)
        if name.startswith("/"):
            return os.path.normpath(name)
        folder = os.readlink(f"/proc/{thread}/cwd" if folder == AT_FDCWD else f"/proc/{thread}/fd/{folder}")
        return os.path.normpath(os.path.join(folder, name))

    @staticmethod
    def bytes(thread, address, number):
        with open(f"/proc/{thread}/mem", "rb", buffering=0) as memory:
            memory.seek(address)
            return memory.read(number)

    @staticmethod
    def text(thread, address):
        """A string of the program's, up to its zero byte."""
        found = b""
        with open(f"/proc/{thread}/mem", "rb", buffering=0) as memory:
            while b"\0" not in found:
                # Not over the end of a page: the next may not be there.
                memory.seek(address + len(found))
                found += memory.read(min(256, 4096 - (address + len(found)) % 4096))
        return os.fsdecode(found.split(b"\0")[0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=pathlib.Path, required=True)
    parser.add_argument("--kill", nargs=2, metavar=("N", "before|after"))
    parser.add_argument("--disk", type=pathlib.Path)
    parser.add_argument("--states", type=pathlib.Path)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    kill = (int(arguments.kill[0]), arguments.kill[1]) if arguments.kill else None
    disk = Disk(arguments.disk, arguments.states) if arguments.disk else None
    with open(arguments.log, "w", encoding="utf-8") as log:
        code = Tracer(command, log, kill, disk).run()
    sys.exit(code if code is not None and code >= 0 else 128 - (code or 0))


if __name__ == "__main__":
    main()
