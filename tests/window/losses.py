"""Nothing that was saved or sent is lost when the window, or the display under it, is killed while a test send waits for
its answer.

    losses.py PROGRAM SCRATCH SHOTS"""

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

from driver import Missed, Window, holds, main, step

WAITING = "amazon-us"

# The whole head of a message, with the length of what follows.
LENGTH = re.compile(rb"(?is)^POST .*?\r\ncontent-length: *(\d+)\r\n(?:[^\r\n]+\r\n)*\r\n")


class SilentPartner:
    """Takes a message whole and never answers."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/as2"

    def receive(self):
        """Waits until a message has come, and keeps its connection open."""
        self.listener.settimeout(40)
        try:
            connection, _ = self.listener.accept()
        except TimeoutError:
            raise Missed("nothing was sent to the silent partner") from None
        connection.settimeout(40)
        received = b""
        try:
            # By its length: how fast it comes says nothing.
            while (length := LENGTH.search(received)) is None or len(received) < length.end() + int(length[1]):
                some = connection.recv(65536)
                if not some:
                    break
                received += some
        except TimeoutError:
            raise Missed(f"of the message only {len(received)} bytes came") from None
        return connection, received


def prepared(program, workspace, partner, shots):
    """A window on the sample, a setting saved, and a test send that waits for its answer."""
    window = Window(program, workspace, words=("sample",), shots=shots)
    window.sees("Amazon Vendor US, production")
    window.cli("connection", "set", WAITING, "test", f"url={partner.url}", "timeout_seconds=300")
    window.cli("connection", "set", WAITING, "notes=saved before it was killed")
    window.keys("F5")
    window.command("Amazon Vendor US")
    window.command("Test send")
    window.click(re.compile("Send to test"))
    connection, received = partner.receive()
    holds(b"AS2-Version" in received or b"as2-version" in received.lower(), "a message was handed over")
    return window, connection


def settled(window):
    """What the command line says afterwards."""
    shown = window.cli("connection", "show", WAITING)
    holds(shown["notes"] == "saved before it was killed", "what was saved is there")
    window.cli("check", codes=(0, 1))
    (cut,) = window.cli("transmission", "list", "--connection", WAITING)["transmissions"]
    shown = window.cli("transmission", "show", cut["id"])
    holds(shown["verdict"] == "uncertain", f"what was cut off is in the journal, as uncertain: {cut['cause']}")
    raw = subprocess.run([window.program, "--workspace", window.workspace, "transmission", "raw", cut["id"], "request"],
                         capture_output=True, check=True, timeout=60)
    holds(len(raw.stdout) > 1000, "every byte that was sent is kept")


def reopened(program, workspace, shots):
    window = Window(program, workspace, words=("sample",), shots=shots)
    try:
        window.sees("Amazon Vendor US, production")
        window.shot("reopened")
        holds(window.close() == 0, "the window opens on it again")
    finally:
        window.kill()


def window_killed(program, scratch, shots):
    step("the window is killed while a test send waits")
    partner = SilentPartner()
    workspace = scratch / "window-killed"
    window, connection = prepared(program, workspace, partner, shots)
    window.shot("before-the-kill")
    holds(window.kill() == -9, "killed")
    connection.close()
    settled(window)
    reopened(program, workspace, shots)


def display_killed(program, scratch, shots):
    step("the display is killed while a test send waits")
    usual = os.environ["DISPLAY"]
    number = int(usual.lstrip(":")) + 1
    server = subprocess.Popen(["Xvfb", f":{number}", "-screen", "0", "1400x900x24", "-noreset"], stderr=subprocess.DEVNULL)
    os.environ["DISPLAY"] = f":{number}"
    try:
        until = time.monotonic() + 10
        while subprocess.run(["xdotool", "getmouselocation"], capture_output=True, check=False).returncode != 0:
            if time.monotonic() > until:
                raise Missed("the second display does not start")
            time.sleep(0.1)
        partner = SilentPartner()
        workspace = scratch / "display-killed"
        window, connection = prepared(program, workspace, partner, shots)
        server.kill()
        server.wait()
        try:
            code = window.process.wait(20)
        except subprocess.TimeoutExpired:
            raise Missed("the window stays without its display") from None
        said = window.process.stderr.read()
        holds("panicked" not in said and "stack backtrace" not in said, f"the window ended with {code}: {said.strip()}")
        connection.close()
    finally:
        server.kill()
        server.wait()
        os.environ["DISPLAY"] = usual
    settled(window)
    reopened(program, workspace, shots)


def job():
    program, scratch, shots = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    window_killed(program, scratch, shots)
    display_killed(program, scratch, shots)


main(job)
