"""Drives the real window as a screen reader and a hand do: controls are found by role and name on the accessibility bus,
and clicked and typed into through the X server. So what is tested is what a person gets, and every name a screen reader
would say is proved on the way.

Runs under the system's Python, which has the bindings of AT-SPI, inside `dbus-run-session` (see `run`)."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

PATIENCE = 40.0
BUTTONS = ("push button", "button", "toggle button", "radio button", "check box", "link", "page tab", "list item",
           "menu item", "combo box")
FIELDS = ("entry", "text", "password text", "spin button")


class Missed(Exception):
    """Something that should have been there was not."""


class Control:
    """A control as the accessibility bus tells of it at one moment."""

    def __init__(self, node):
        self.node = node
        self.role = node.get_role_name()
        self.name = node.get_name() or ""

    def box(self):
        try:
            box = self.node.get_component_iface().get_extents(Atspi.CoordType.SCREEN)
        except (AttributeError, GLib.Error):
            return None
        return (box.x, box.y, box.width, box.height) if box.width > 0 and box.height > 0 else None

    def reveal(self):
        """Has it scrolled to where it can be seen, as a screen reader does."""
        try:
            self.node.get_component_iface().scroll_to(Atspi.ScrollType.ANYWHERE)
        except (AttributeError, GLib.Error):
            pass
        time.sleep(0.3)

    def checked(self):
        return self.node.get_state_set().contains(Atspi.StateType.CHECKED)

    def focused(self):
        return self.node.get_state_set().contains(Atspi.StateType.FOCUSED)

    def __repr__(self):
        return f"{self.role} {self.name!r}"


class Window:
    """A window of Countersign that runs on the display of the environment."""

    def __init__(self, program, workspace, words=("sample",), shots=None, passing=None):
        self.workspace = str(workspace)
        self.program = str(program)
        self.shots = Path(shots) if shots else None
        self.number = 0
        environment = dict(os.environ, COUNTERSIGN_WORKSPACE=self.workspace, **(passing or {}))
        self.process = subprocess.Popen([self.program, *words], env=environment, stderr=subprocess.PIPE, text=True)

    # What is there.

    def controls(self):
        """Everything that has a name, in the order in which it is read out."""
        found = []

        def walk(node):
            if node is None:
                return
            try:
                if node.get_name():
                    found.append(Control(node))
                children = node.get_child_count()
            except GLib.Error:
                return  # gone meanwhile
            for index in range(children):
                try:
                    walk(node.get_child_at_index(index))
                except GLib.Error:
                    continue

        desktop = Atspi.get_desktop(0)
        for index in range(desktop.get_child_count()):
            try:
                application = desktop.get_child_at_index(index)
                if application is not None and application.get_process_id() == self.process.pid:
                    application.set_cache_mask(Atspi.Cache.NONE)
                    walk(application)
            except GLib.Error:
                continue
        return found

    def find(self, name, roles=None, last=False):
        """The first control of this name (a text, or a compiled pattern), or nothing. The last one is the one on top."""
        pattern = name if isinstance(name, re.Pattern) else re.compile(re.escape(name) + r"\Z")
        controls = self.controls()
        for control in reversed(controls) if last else controls:
            if pattern.match(control.name) and (roles is None or control.role in roles) and control.box():
                return control
        return None

    def wait(self, name, roles=None, patience=PATIENCE):
        """The same, waited for."""
        until = time.monotonic() + patience
        while True:
            control = self.find(name, roles)
            if control is not None:
                return control
            if self.process.poll() is not None:
                raise Missed(f"the window ended with {self.process.returncode}: {self.process.stderr.read()}")
            if time.monotonic() > until:
                self.shot("missed")
                raise Missed(f"there is no {describe(name)}; there is:\n  " +
                             "\n  ".join(repr(each)[:120] for each in self.controls()))
            time.sleep(0.1)

    def sees(self, text, patience=PATIENCE):
        """Waits until something is there whose name holds this text."""
        return self.wait(re.compile(f".*{re.escape(text)}", re.DOTALL), None, patience)

    def gone(self, name, patience=PATIENCE):
        """Waits until there is no control of this name."""
        until = time.monotonic() + patience
        while self.find(name) is not None:
            if time.monotonic() > until:
                self.shot("still-there")
                raise Missed(f"{describe(name)} does not go away")
            time.sleep(0.1)

    # What is done.

    def click(self, name, roles=BUTTONS, patience=PATIENCE, last=False):
        """Clicks a control with the mouse, once it stands still under it."""
        control = self.wait(name, roles, patience)
        control.reveal()
        before = None
        for _ in range(40):
            control = self.find(name, roles, last) or control
            box = control.box()
            if box and box == before:
                break
            if box:
                x, y, width, height = box
                xdotool("mousemove", "--sync", x + width // 2, y + height // 2)
            before = box
            time.sleep(0.1)
        else:
            self.shot("restless")
            raise Missed(f"{control} does not stand still")
        xdotool("click", 1)
        time.sleep(0.25)
        return control

    def fill(self, name, text):
        """Puts text into a field in place of what it holds."""
        self.click(name, FIELDS)
        self.keys("ctrl+a")
        self.type(text)

    def type(self, text):
        self.focus()
        xdotool("type", "--delay", 4, "--", text)
        time.sleep(0.2)

    def focus(self):
        """Gives it the keyboard, which a window manager would have done."""
        found = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", r"^Countersign\b"], capture_output=True,
                               text=True, check=False).stdout.split()
        for window in found[:1]:
            xdotool("windowfocus", "--sync", window)

    def keys(self, *keys):
        self.focus()
        for key in keys:
            xdotool("key", "--clearmodifiers", key)
            time.sleep(0.12)
        time.sleep(0.1)

    def command(self, text):
        """Finds something with a few letters and chooses it: a command, a connection."""
        self.keys("ctrl+k")
        self.wait("Find", FIELDS)
        self.type(text)
        self.keys("Return")
        time.sleep(0.2)

    def shot(self, title):
        """Keeps a picture of the screen."""
        if self.shots is None:
            return
        self.shots.mkdir(parents=True, exist_ok=True)
        self.number += 1
        subprocess.run(["import", "-window", "root", self.shots / f"{self.number:02}-{title}.png"], check=False)

    # How it ends.

    def close(self):
        """Asks it to end as the system does, and says how it ended."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def kill(self):
        """Ends it without giving it time for anything."""
        if self.process.poll() is None:
            self.process.kill()
        return self.process.wait(20)

    # What the command line says of the same workspace.

    def cli(self, *words, codes=(0,)):
        """The document that a command answers with."""
        command = [self.program, "--workspace", self.workspace, "--json", *words]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if answer.returncode not in codes:
            raise Missed(f"`{' '.join(words)}` ended with {answer.returncode}: {answer.stdout}{answer.stderr}")
        return json.loads(answer.stdout)


def describe(name):
    return f"`{name.pattern}`" if isinstance(name, re.Pattern) else f"`{name}`"


def xdotool(*words):
    subprocess.run(["xdotool", *map(str, words)], check=True, stdout=subprocess.DEVNULL)


def holds(condition, what):
    """Says what holds, and ends where it does not."""
    if not condition:
        raise Missed(what)
    print(f"  ✓ {what}", flush=True)


def step(title):
    print(f"- {title}", flush=True)


def main(job):
    """Runs a job and says what was missed, without a trace of this script where the window is at fault."""
    try:
        job()
    except Missed as missed:
        print(f"error: {missed}", file=sys.stderr)
        sys.exit(1)
