"""What the window costs, seen from outside: from the start of the process to the first frame and to the workspace on it,
processor time over ten idle seconds, memory. Prints figures; holds nothing, because they are this machine's.

    cost.py PROGRAM WORKSPACE [RUNS]

A workspace that exists is opened as it is; else the sample is set up there.

The virtual display's picture is a file in memory (`Xvfb -fbdir`), so looking at it a thousand times a second disturbs
little. Drawing is done by the processor here, as there is no graphics card: with one, frames come sooner."""

import mmap
import os
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WIDTH, HEIGHT = 1400, 900


class Screen:
    """A virtual display whose picture can be read."""

    def __init__(self, number):
        self.folder = tempfile.mkdtemp()
        self.name = f":{number}"
        self.server = subprocess.Popen(
            ["Xvfb", self.name, "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-fbdir", self.folder, "-noreset"], stderr=subprocess.DEVNULL)
        path = Path(self.folder, "Xvfb_screen0")
        while not path.exists() or path.stat().st_size < WIDTH * HEIGHT * 4:
            time.sleep(0.02)
        time.sleep(0.3)
        with path.open("rb") as file:
            self.picture = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        # The head of an XWD file: its own size first, the number of colours in the twentieth place.
        head = struct.unpack(">25I", self.picture[:100])
        self.begin, self.line = head[0] + head[19] * 12, head[12]

    def row(self, x, y, width):
        at = self.begin + y * self.line + x * 4
        return self.picture[at:at + width * 4]

    def anything(self):
        return any(self.row(100, 450, 1))

    def workspace(self):
        """Whether the navigation's title is drawn, which is not before the workspace was read: not one colour only."""
        line = self.row(18, 30, 90)
        return any(line) and line != line[:4] * 90

    def close(self):
        self.server.terminate()
        self.server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def start(program, workspace, screen, words):
    environment = dict(os.environ, DISPLAY=screen.name, COUNTERSIGN_WORKSPACE=str(workspace))
    began = time.perf_counter()
    process = subprocess.Popen([program, *words], env=environment)
    times = []
    for seen in (screen.anything, screen.workspace):
        while not seen():
            if process.poll() is not None:
                sys.exit(f"error: the window ended with {process.returncode}")
            if time.perf_counter() - began > 60:
                process.kill()
                sys.exit(f"error: no {seen.__name__} is seen where the window should be")
            time.sleep(0.001)
        times.append((time.perf_counter() - began) * 1000)
    return process, times


def end(process, screen):
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    while screen.anything():
        time.sleep(0.01)


def processor(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(process):
    status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) / 1024 for line in status if line.startswith(("VmRSS", "VmHWM"))}


def figures(title, runs):
    first, shown = zip(*runs)
    print(f"{title:34} first frame {statistics.median(first):5.0f} ms ({min(first):.0f} to {max(first):.0f})   "
          f"workspace shown {statistics.median(shown):5.0f} ms ({min(shown):.0f} to {max(shown):.0f})", flush=True)


def main():
    program, workspace = sys.argv[1], Path(sys.argv[2])
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    number = 200
    while Path(f"/tmp/.X{number}-lock").exists():
        number += 1
    screen = Screen(number)
    opened = ["sample"]
    titles = [("sample, set up anew", ["sample", "--reset"]), ("sample, as it was left", opened)]
    if (workspace / "countersign.sqlite").exists():
        opened = []
        titles = [("the workspace", opened)]
    try:
        for title, words in titles:
            measured = []
            for _ in range(runs):
                process, times = start(program, workspace, screen, words)
                measured.append(times)
                time.sleep(0.5)
                end(process, screen)
            figures(title, measured)
        process, _ = start(program, workspace, screen, opened)
        time.sleep(5)
        before, began = processor(process), time.perf_counter()
        time.sleep(10)
        share = (processor(process) - before) / (time.perf_counter() - began)
        print(f"idle for 10 s: {share * 100:.2f} % of one processor")
        print("memory: " + ", ".join(f"{name} {size:.0f} MiB" for name, size in memory(process).items()))
        end(process, screen)
    finally:
        screen.close()


main()
