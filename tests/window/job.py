"""The whole main job in the real window, by hand: review, fix, import, schedule, test, look at the transmission. Checked
with the command line afterwards.

    job.py PROGRAM WORKSPACE SHOTS"""

import re
import sys
import time

from driver import BUTTONS, Window, holds, main, step

NAME = "Amazon Vendor US"


def status(check, profile):
    (connection,) = check["connections"]
    (found,) = [each for each in connection["profiles"] if each["profile"] == profile]
    return found["status"]


def review(window):
    step("review compliance and select the connection")
    window.sees("1 needs action before traffic is at risk")
    window.sees("Encryption: 3DES, Non-compliant")
    window.shot("connections")
    window.command(NAME)
    window.sees("Policy: Amazon Vendor Central")
    window.shot("inspector")


def fix(window):
    step("fix what the policy offers to fix, and save")
    window.click("Fix all")
    window.shot("fixed")
    window.click(re.compile(r"Save\b"))
    window.sees("Encryption: AES-128, Compliant")
    production = window.cli("connection", "show", "amazon-us")["production"]
    holds(production["encryption"] == "aes128-cbc" and production["signing"] == "sha256", "the settings are saved")


def open_certificate_dialog(window, profile):
    window.command(NAME)
    window.click(re.compile(rf"{profile}\Z", re.IGNORECASE))
    window.click("Certificates")
    window.click(re.compile(r"(New|Import).*certificate…?\Z"))
    window.click(re.compile(r"Use the sample's renewed certificate"))
    window.sees("SHA-256")


def schedule_for_production(window):
    step("import the renewed certificate and schedule it for production")
    open_certificate_dialog(window, "Production")
    window.click(re.compile(r"(On a date|Activate on|On date|Schedule|At a date)"))
    window.shot("certificate-scheduled")
    window.click(re.compile(r"(Import|Schedule)( and schedule| the certificate| certificate)?\Z"))
    listed = window.cli("certificate", "list")["certificates"]
    successors = [each for each in listed if each.get("successor")]
    holds(successors, "the old certificate has a successor")


def activate_for_test(window):
    step("activate it now for the test profile")
    open_certificate_dialog(window, "Test")
    window.click(re.compile(r"(Activate )?[Nn]ow"))
    window.shot("certificate-now")
    window.click(re.compile(r"(Import|Activate)( and activate| the certificate| certificate| now)?\Z"))
    holds(status(window.cli("check", "amazon-us", codes=(0, 1)), "test") == "compliant", "test complies")


def send(window):
    step("send to test and to production")
    window.command("Test send")
    window.click("Send to test")
    window.sees("Delivered")
    window.shot("sent-to-test")
    window.click("Send to production")
    window.wait("Send to production for the first time?", None)
    window.shot("first-production-send")
    window.keys("Return")
    until = time.monotonic() + 30
    while time.monotonic() < until:
        sent = window.cli("transmission", "list", "--connection", "amazon-us")["transmissions"]
        if len(sent) == 2 and all(each["verdict"] == "delivered" for each in sent):
            break
        time.sleep(0.3)
    holds({each["profile"] for each in sent} == {"test", "production"}, "both were sent to")
    holds(all(each["verdict"] == "delivered" for each in sent), "both were delivered")
    window.shot("sent-to-production")


def look_at_it(window):
    step("open the transmission")
    window.click("Open transmission", BUTTONS)
    window.sees("Message-ID")
    window.shot("transmission")


def job():
    program, workspace, shots = sys.argv[1:]
    window = Window(program, workspace, shots=shots)
    try:
        for act in (review, fix, activate_for_test, schedule_for_production, send, look_at_it):
            act(window)
        holds(window.close() == 0, "the window ends when it is told to")
    finally:
        window.kill()


main(job)
