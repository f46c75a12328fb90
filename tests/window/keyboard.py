"""The main job again, without a mouse: it lies in a corner all along, and whatever is done is done with the control that the
keyboard's focus is on, as the accessibility bus tells of it.

    keyboard.py PROGRAM WORKSPACE SHOTS"""

import re
import sys
import time

from driver import Missed, Window, describe, holds, main, step, xdotool
from job import NAME, delivered, status

# So many presses of Tab go once round the largest view.
ROUND = 80


class Keyboard:
    """A window, and the only hand that touches it."""

    def __init__(self, window):
        self.window = window
        self.presses = 0
        xdotool("mousemove", 1399, 899)

    def press(self, *keys):
        self.presses += len(keys)
        self.window.keys(*keys)

    def write(self, text):
        self.presses += len(text)
        self.window.type(text)

    def focused(self):
        """What has the focus, where anything has."""
        found = [each for each in self.window.controls() if each.focused()]
        return found[-1] if found else None

    def go_to(self, name, key="Tab"):
        """Presses Tab until the focus is on a control of this name."""
        pattern = name if isinstance(name, re.Pattern) else re.compile(re.escape(name) + r"\Z")
        passed = []
        for _ in range(ROUND):
            control = self.focused()
            if control is not None and pattern.match(control.name):
                return control
            passed.append(repr(control)[:90])
            self.press(key)
        self.window.shot("not-reached")
        raise Missed(f"{key} does not lead to {describe(name)}; it leads to:\n  " + "\n  ".join(passed))

    def choose(self, name, key="space"):
        """Goes to a control and presses it."""
        self.go_to(name)
        self.press(key)

    def command(self, text):
        self.press("ctrl+k")
        self.window.wait("Find")
        self.write(text)
        self.press("Return")


def review(keyboard):
    step("review compliance and open the connection from its row")
    keyboard.window.sees("2 need action before traffic is at risk")
    keyboard.go_to(re.compile(rf"{NAME}\b.*"))
    keyboard.window.shot("row")
    keyboard.press("Return")
    keyboard.window.sees("Policy Amazon Vendor Central")


def fix(keyboard):
    step("fix what the policy offers to fix, and save")
    keyboard.choose("Fix all")
    keyboard.press("ctrl+s")
    keyboard.window.sees("Encryption: AES-128, Compliant")
    production = keyboard.window.cli("connection", "show", "amazon-us")["production"]
    holds(production["encryption"] == "aes128-cbc" and production["signing"] == "sha256", "the settings are saved")


def renewed(keyboard, profile):
    keyboard.command(NAME)
    keyboard.window.sees("Policy Amazon Vendor Central")
    keyboard.go_to(re.compile(r"(Production|Test) profile\b"))
    if not keyboard.focused().name.startswith(profile):
        keyboard.choose(re.compile(rf"{profile} profile\b"))
    else:
        keyboard.press("space")
    keyboard.choose("Import the renewed certificate…")
    keyboard.choose("Use the sample's renewed certificate")
    keyboard.window.wait("Now")


def applies_to(keyboard, wanted):
    for profile in ("production", "test"):
        control = keyboard.go_to(f"{NAME}, {profile}")
        if control.checked() != (profile == wanted):
            keyboard.press("space")


def activate_for_test(keyboard):
    step("import the renewed certificate for the test profile, active now")
    renewed(keyboard, "Test")
    keyboard.choose("I have compared this fingerprint with what the partner says")
    applies_to(keyboard, "test")
    keyboard.choose("Now")
    keyboard.window.shot("certificate-active-now")
    keyboard.choose(re.compile(r"Activate now(?! and)"))
    keyboard.window.sees("New certificate active for")
    check = keyboard.window.cli("check", "amazon-us", codes=(0, 1))
    holds(status(check, "test") == "compliant", "test complies")
    holds(status(check, "production") == "non-compliant", "production does not yet")


def schedule_for_production(keyboard):
    step("schedule it for production, on a date")
    renewed(keyboard, "Production")
    applies_to(keyboard, "production")
    keyboard.choose("On a date")
    keyboard.choose("In 7 days")
    keyboard.window.shot("certificate-on-a-date")
    keyboard.choose(re.compile(r"Schedule(?! and)"))
    keyboard.window.sees("New certificate scheduled for")
    uses = [use for each in keyboard.window.cli("certificate", "list")["certificates"] for use in each["used"]
            if (use["connection"], use["profile"]) == ("amazon-us", "production")]
    holds(any(use["from"] for use in uses) and any(use["from"] is None for use in uses),
          "production goes on with the old one until then")


def send(keyboard):
    step("send to test, and for the first time to production")
    keyboard.command("Test send")
    keyboard.choose("Send to test")
    keyboard.window.sees("Delivered and signed for")
    delivered(keyboard.window, 1)
    keyboard.choose("Send to production")
    keyboard.window.sees("Send to production for the first time?")
    # The question opens on what does no harm.
    until = time.monotonic() + 10
    while ((begins := keyboard.focused()) is None or begins.name == "Send to production") and time.monotonic() < until:
        time.sleep(0.1)
    holds(begins is not None and begins.name in ("Cancel", "Close"), f"the question begins with what does no harm: {begins}")
    keyboard.choose("Send to production")
    keyboard.window.gone("Send to production for the first time?")
    delivered(keyboard.window, 2)
    keyboard.window.shot("sent-to-production")


def look_at_it(keyboard):
    step("open the transmission, go through its tabs, and back")
    keyboard.choose("Open transmission")
    keyboard.window.sees("Message-ID")
    for tab in ("Receipt", "Headers", "Raw"):
        keyboard.choose(tab)
        keyboard.window.shot(f"transmission-{tab.lower()}")
    keyboard.press("Escape")
    keyboard.window.gone("Message-ID")


def job():
    program, workspace, shots = sys.argv[1:]
    window = Window(program, workspace, shots=shots)
    keyboard = Keyboard(window)
    try:
        for act in (review, fix, activate_for_test, schedule_for_production, send, look_at_it):
            act(keyboard)
        print(f"  {keyboard.presses} keys", flush=True)
        keyboard.press("ctrl+q")
        holds(window.process.wait(20) == 0, "the window ends by its key")
    finally:
        window.kill()


if __name__ == "__main__":
    main(job)
