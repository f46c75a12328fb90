#!/usr/bin/env python3
"""Runs the interoperability checks: the program's command line against pyas2lib and OpenSSL, on loopback.

  run.py [PATH-OF-COUNTERSIGN] [GROUP...]

The program is the first argument or the environment's COUNTERSIGN. Groups: sending, settings, identifiers, faults,
asynchronous, receiving, refusals, transport, openssl, compression, flip, identities, calendar; all where none is named. One line per check,
`N passed, N failed` at the end, exit code 1 where one failed. Needs Python 3.11 or later with pyas2lib and icalendar (setup.sh) and the
openssl command.
"""

import os
import pathlib
import sys
import tempfile
import time
import warnings

sys.dont_write_bytecode = True
# pyas2lib's own concerns with newer versions of Python.
warnings.simplefilter("ignore")

import asynchronous  # noqa: E402
import calendar_file  # noqa: E402
import compression  # noqa: E402
import faults  # noqa: E402
import flip  # noqa: E402
import from_openssl  # noqa: E402
import identities  # noqa: E402
import receiving  # noqa: E402
import refusals  # noqa: E402
import sending  # noqa: E402
import transport  # noqa: E402
from peer import Peer  # noqa: E402
from world import Checks, Party, Server, World, same  # noqa: E402

GROUPS = [
    "sending", "settings", "identifiers", "faults", "asynchronous", "receiving", "refusals", "transport", "openssl",
    "compression", "flip", "identities", "calendar",
]


def main(words):
    """Sets the world up, runs the checks, and says how many held."""
    groups = [word for word in words if word in GROUPS]
    programs = [word for word in words if word not in GROUPS] or [os.environ.get("COUNTERSIGN", "")]
    program = pathlib.Path(programs[0])
    if len(programs) > 1 or not programs[0] or not program.is_file():
        sys.exit(__doc__)
    began = time.monotonic()
    checks = Checks(groups)
    with tempfile.TemporaryDirectory(prefix="countersign-interop-") as folder:
        world = World(program.resolve(), folder)
        partner, stranger, renewed = (Party(world.folder, name) for name in ("partner", "stranger", "renewed"))

        def peer_of(name):
            """A peer of that AS2 identifier, which knows us by our usual one."""
            peer = Peer(name, partner.both.read_bytes())
            peer.partners["ACME"] = world.certificate.read_bytes()
            return peer

        peer = peer_of("PEER")
        sending.run(checks, world, peer, peer_of, partner)
        calendar_file.run(checks, world, partner)
        faults.run(checks, world, peer, partner, stranger, renewed)
        with Server(world) as server:
            asynchronous.run(checks, world, server, peer, partner)
            receiving.run(checks, world, server, partner)
            refusals.run(checks, world, server, partner, stranger)
            transport.run(checks, world, server, partner)
            from_openssl.run(checks, world, server, partner, stranger)
            compression.run(checks, world, server, peer, partner)
            flip.run(checks, world, server, lambda name: Party(world.folder, name))
            identities.run(checks, world, server, peer_of("CHANGER"), partner)
            with checks.check("serve stops when it is told to"):
                same("its exit code", server.stop(), 0)
    print(f"checked in {time.monotonic() - began:.0f} s")
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
