"""The window as a program of the desktop: commands, colours, preferences, one window on a workspace and what later starts
hand over to it, the desktop's menu, how it ends, and that the sample is opened again as it was left.

    shell.py PROGRAM SCRATCH SHOTS"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from driver import Window, holds, main, step

SEEN = "Amazon Vendor US, production"


def preferences():
    return Path(os.environ["XDG_DATA_HOME"]) / "countersign" / "app.ron"


def by_keyboard(program, scratch, shots):
    step("everything by the keyboard: the palette, a page, the colours")
    window = Window(program, scratch / "sample", shots=shots)
    try:
        window.sees(SEEN)
        window.shot("connections-light")
        window.command("Transmissions")
        window.sees("Transmissions")
        window.command("Dark colours")
        window.command("Connections")
        window.sees(SEEN)
        window.shot("connections-dark")
        window.fill("Search connections", "harbor")
        window.sees("Harbor Grocers, production")
        window.gone(SEEN)
        window.shot("searched")
        window.cli("connection", "set", "amazon-us", "notes=kept")
        before = window.cli("connection", "show", "amazon-us")
        second_starts(program, window)
        window.process.send_signal(signal.SIGINT)
        holds(window.process.wait(20) == 0, "SIGINT closes it with 0")
    finally:
        window.kill()
    return before


def second_starts(program, window):
    step("a second start brings the window forward and hands over what it was to open")

    def start(*words, code=0):
        second = subprocess.run([program, "--workspace", window.workspace, *words], capture_output=True, text=True,
                                timeout=30, check=False)
        holds(second.returncode == code, f"`{' '.join(words) or 'the window'}` ends with {code}")
        return second.stdout + second.stderr

    holds("was brought forward" in start("sample"), "on the sample")
    start("countersign://connection/northwind")
    window.wait("Close inspector")
    window.sees("Northwind")
    window.shot("by-a-link")
    start("countersign://connection/amazon-uk")
    window.sees("This workspace has no connection amazon-uk; did you mean amazon-us")
    window.shot("by-a-link-that-leads-nowhere")
    window.click("Close message")
    start("countersign:no%20link")
    window.sees("is not a link of Countersign")
    window.click("Close message")
    renewed = next(Path(window.workspace).glob("downloads/*.cer"), None) or next(Path(window.workspace).glob("downloads/*"))
    start(str(renewed))
    window.sees("New partner certificate")
    window.shot("by-a-file")
    window.keys("Escape")
    window.gone("New partner certificate")
    holds("is open already" in start("sample", "--reset", code=2), "but it is not set up anew under its window")
    holds(len(window.cli("check", codes=(0, 1))["connections"]) == 4, "commands go on beside it")


def serve_beside(program, scratch, shots):
    step("serve beside a window on the same workspace")
    window = Window(program, scratch / "beside", words=(), shots=shots)
    try:
        window.sees("No connection yet")
        window.cli("identity", "create", "acme")
        serve = subprocess.Popen([program, "--workspace", window.workspace, "serve", "--listen", "127.0.0.1:0"],
                                 stdout=subprocess.PIPE, text=True)
        try:
            holds(serve.stdout.readline().startswith("listening on http://"), "it receives")
            again = subprocess.run([program, "--workspace", window.workspace], capture_output=True, timeout=30, check=False)
            holds(again.returncode == 0, "a second start still brings the window forward")
            serve.terminate()
            holds(serve.wait(20) == 0, "and it ends well")
        finally:
            serve.kill()
        holds(window.close() == 0, "closed")
    finally:
        window.kill()


def after_a_kill(program, scratch, shots):
    step("what a killed window leaves keeps no window waiting, and one that is stuck not for long")
    workspace = scratch / "killed"
    window = Window(program, workspace, words=(), shots=shots)
    try:
        window.sees("No connection yet")
        holds(window.kill() < 0, "killed")
    finally:
        window.kill()
    begun = time.monotonic()
    window = Window(program, workspace, words=("countersign://connection/none",), shots=shots)
    try:
        window.sees("This workspace has no connection none")
        holds(time.monotonic() - begun < 40, f"the next opens at once, at its link: {time.monotonic() - begun:.1f} s")
        window.process.send_signal(signal.SIGSTOP)
        other = Window(program, workspace, words=(), shots=shots)
        try:
            other.sees("No connection yet")
            holds(True, "beside one that does not answer another opens")
            holds(other.close() == 0, "closed")
        finally:
            other.kill()
            window.process.send_signal(signal.SIGCONT)
        holds(window.close() == 0, "closed")
    finally:
        window.kill()


def in_the_menu(program, scratch, shots):
    step("the program in the desktop's menu")
    window = Window(program, scratch / "menu", words=(), shots=shots)
    entry = Path(os.environ["XDG_DATA_HOME"]) / "applications" / "countersign.desktop"
    try:
        window.sees("No connection yet")
        seen = subprocess.run(["xdotool", "search", "--class", "^countersign$"], capture_output=True, text=True,
                              check=False).stdout.split()
        holds(len(seen) >= 1, "its window is of the class that the entry names")
        window.keys("ctrl+comma")
        window.click("About")
        window.click("Add to the desktop")
        window.sees("Countersign is in the desktop's menu")
        window.shot("on-the-desktop")
        text = entry.read_text()
        holds(f'Exec="{program}" --workspace "{scratch / "menu"}" %u' in text.splitlines(), "it opens this workspace")
        valid = subprocess.run(["desktop-file-validate", entry], capture_output=True, text=True, check=False)
        holds(valid.returncode == 0, f"the entry is valid {valid.stdout}")
        window.click("Remove from the desktop")
        window.sees("no longer in the desktop's menu")
        holds(not entry.exists(), "and is gone again")
        holds(window.close() == 0, "closed")
    finally:
        window.kill()


def as_it_was_left(program, scratch, shots, before):
    step("the sample is opened again as it was left, its partners at their addresses")
    window = Window(program, scratch / "sample", shots=shots)
    try:
        window.sees(SEEN)
        holds(window.cli("connection", "show", "amazon-us") == before, "every setting is as it was")
        window.shot("reopened")
        holds(window.close() == 0, "SIGTERM closes it with 0")
    finally:
        window.kill()
    step("one of the addresses is taken meanwhile")
    harbor = window.cli("connection", "show", "harbor")
    port = int(harbor["test"]["url"].split(":")[2].split("/")[0])
    with socket.create_server(("127.0.0.1", port)):
        window = Window(program, scratch / "sample", shots=shots)
        try:
            window.sees(SEEN)
            after = window.cli("connection", "show", "harbor")
            holds(after["test"]["url"] != harbor["test"]["url"], f"its profiles follow to {after['test']['url']}")
            holds(after["production"]["url"] == after["test"]["url"], "both of them")
            holds(window.cli("connection", "show", "amazon-us") == before, "others stay")
            sent = window.cli("send", "--connection", "harbor", "--profile", "test")
            # Its receipt comes by itself, to the window.
            until = time.monotonic() + 20
            while sent["verdict"] == "pending" and time.monotonic() < until:
                time.sleep(0.2)
                sent = window.cli("transmission", "show", sent["id"])
            holds(sent["verdict"] == "delivered", "a message is delivered there")
            holds(window.close() == 0, "closed")
        finally:
            window.kill()


def with_bad_preferences(program, scratch, shots):
    step("preferences that make no sense, and a place that no screen shows")
    kept = preferences()
    holds(kept.exists(), "preferences are kept beside the workspace")
    left = kept.read_text()
    kept.write_text("(((garbage \x00 not ron")
    window = Window(program, scratch / "sample", shots=shots)
    try:
        window.sees(SEEN)
        window.shot("after-garbage")
        holds(window.close() == 0, "the window opens in spite of them")
    finally:
        window.kill()
    x, y = "x:0.0", "y:0.0"
    holds(x in left and y in left, "the window's place is among them")
    kept.write_text(left.replace(x, "x:9000.0", 1).replace(y, "y:7000.0", 1))
    window = Window(program, scratch / "sample", shots=shots)
    try:
        box = window.sees(SEEN).box()
        window.shot("after-off-screen")
        holds(0 <= box[0] < 1400 and 0 <= box[1] < 900, f"the window is brought back: {box}")
        holds(window.close() == 0, "closed")
    finally:
        window.kill()


def own_workspace(program, scratch, shots):
    step("without a command the user's own workspace")
    window = Window(program, scratch / "own", words=(), shots=shots)
    try:
        window.sees("No connection yet")
        window.shot("empty")
        holds(not (scratch / "own").exists(), "looking leaves nothing behind")
        holds(window.close() == 0, "closed")
    finally:
        window.kill()


def without_display(program, scratch):
    step("without a display, and with one that is dead")
    for display in (None, ":987"):
        environment = {key: value for key, value in os.environ.items() if key != "DISPLAY"}
        if display:
            environment["DISPLAY"] = display
        for words in ([], ["sample"]):
            if not display and words:
                continue  # does the main job in the terminal, which the gate runs anyway
            ended = subprocess.run([program, "--workspace", scratch / "none", *words], env=environment, timeout=30,
                                   capture_output=True, text=True, check=False)
            lines = ended.stderr.splitlines()
            holds(ended.returncode == 2 and [line.split(":")[0] for line in lines] == ["error", "hint"],
                  f"{display} {words}: {lines[0] if lines else 'nothing said'}")


def job():
    program, scratch, shots = sys.argv[1], Path(sys.argv[2]) / "shell", sys.argv[3]
    before = by_keyboard(program, scratch, shots)
    as_it_was_left(program, scratch, shots, before)
    with_bad_preferences(program, scratch, shots)
    own_workspace(program, scratch, shots)
    serve_beside(program, scratch, shots)
    after_a_kill(program, scratch, shots)
    in_the_menu(program, scratch, shots)
    without_display(program, scratch)


main(job)
