"""The whole main job in the real window, by hand: review, fix, import, schedule, test, look at the transmission. Checked
with the command line afterwards.

    job.py PROGRAM WORKSPACE SHOTS"""

import re
import sys
import time

from driver import Window, holds, main, step

NAME = "Amazon Vendor US"


def status(check, profile):
    (connection,) = check["connections"]
    (found,) = [each for each in connection["profiles"] if each["profile"] == profile]
    return found["status"]


def review(window):
    step("review compliance and select the connection")
    window.sees("2 need action before traffic is at risk")
    window.sees("Encryption: 3DES, Non-compliant")
    window.shot("connections")
    window.command(NAME)
    window.sees("Policy Amazon Vendor Central")
    window.shot("inspector")


def fix(window):
    step("fix what the policy offers to fix, and save")
    window.click("Fix all")
    window.shot("fixed")
    window.click(re.compile(r"Save\b"))
    window.sees("Encryption: AES-128, Compliant")
    production = window.cli("connection", "show", "amazon-us")["production"]
    holds(production["encryption"] == "aes128-cbc" and production["signing"] == "sha256", "the settings are saved")


def renewed(window, profile):
    """The dialog with the renewed certificate, begun from one profile."""
    window.command(NAME)
    window.click(re.compile(rf"{profile} profile\b"))
    window.click("Import the renewed certificate…")
    window.click("Use the sample's renewed certificate")
    window.wait("Now")
    window.shot(f"certificate-for-{profile.lower()}")


def applies_to(window, wanted):
    """Has the certificate apply to one profile alone."""
    for profile in ("production", "test"):
        name = f"{NAME}, {profile}"
        if window.wait(name, ("check box",)).checked() != (profile == wanted):
            window.click(name, ("check box",))


def activate_for_test(window):
    step("import the renewed certificate for the test profile, active now")
    renewed(window, "Test")
    # Self-signed: nobody vouches for it but the partner, by another way.
    window.click("I have compared this fingerprint with what the partner says")
    applies_to(window, "test")
    window.click("Now")
    window.shot("certificate-active-now")
    window.click(re.compile(r"Activate now(?! and)"))
    window.sees("New certificate active for")
    check = window.cli("check", "amazon-us", codes=(0, 1))
    holds(status(check, "test") == "compliant", "test complies")
    holds(status(check, "production") == "non-compliant", "production does not yet")


def schedule_for_production(window):
    step("schedule it for production, on a date")
    renewed(window, "Production")
    applies_to(window, "production")
    window.click("On a date")
    window.click("In 7 days")
    window.shot("certificate-on-a-date")
    window.click(re.compile(r"Schedule(?! and)"))
    window.sees("New certificate scheduled for")
    uses = [use for each in window.cli("certificate", "list")["certificates"] for use in each["used"]
            if (use["connection"], use["profile"]) == ("amazon-us", "production")]
    holds(any(use["from"] for use in uses) and any(use["from"] is None for use in uses),
          "production goes on with the old one until then")


def delivered(window, count):
    """Waits until so many sends have been delivered to the connection, by the journal."""
    until = time.monotonic() + 40
    while True:
        sent = window.cli("transmission", "list", "--connection", "amazon-us")["transmissions"]
        if len(sent) == count and all(each["verdict"] not in ("queued", "sending") for each in sent):
            break
        if time.monotonic() > until:
            break
        time.sleep(0.3)
    holds([each["verdict"] for each in sent] == ["delivered"] * count, f"{sent[0]['profile']}: delivered")


def send(window):
    step("send to test, and for the first time to production")
    window.command("Test send")
    window.click("Send to test")
    window.sees("Delivered and signed for")
    window.shot("sent-to-test")
    delivered(window, 1)
    window.click("Send to production")
    window.sees("Send to production for the first time?")
    window.shot("asked-about-production")
    window.click("Send to production", last=True)
    window.gone("Send to production for the first time?")
    delivered(window, 2)
    window.shot("sent-to-production")


def look_at_it(window):
    step("open the transmission")
    window.click("Open transmission")
    window.sees("Message-ID")
    window.shot("transmission")
    for tab in ("Receipt", "Headers", "Raw"):
        window.click(tab)
        window.shot(f"transmission-{tab.lower()}")


def job():
    program, workspace, shots = sys.argv[1:]
    window = Window(program, workspace, shots=shots)
    try:
        for act in (review, fix, activate_for_test, schedule_for_production, send, look_at_it):
            act(window)
        holds(window.close() == 0, "the window ends when it is told to")
    finally:
        window.kill()


if __name__ == "__main__":
    main(job)
