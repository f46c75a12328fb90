"""How a message may come over the wire: as HTTP allows it to be written, in pieces, cut off, and many at once."""

import concurrent.futures
import socket
import time
import urllib.parse

import cms
import mime
from receiving import (
    ENVELOPE, FIELDS, PAYLOAD_FIELDS, answered, disposition, report_fields_verified, report_of, without_date,
)
from world import CRLF_TEXT, converse, holds, same


def run(checks, world, server, party):
    """Messages in odd HTTP, and many at once."""
    if not checks.wants("transport"):
        return
    world.connect("wire", "ACME", "WIRE", "http://127.0.0.1:9/as2", party.certificate)

    def message(name, **changes):
        """Head and body of a message whose payload is named."""
        fields = [*PAYLOAD_FIELDS, ("Content-Disposition", f'attachment; filename="{name}"')]
        inner = cms.sign(mime.entity(fields, CRLF_TEXT), party, "sha256")
        head = {**FIELDS, **ENVELOPE, "AS2-From": "WIRE", "Message-ID": f"<{name}@peer.example>"}
        head.update({key.replace("_", "-"): value for key, value in changes.items()})
        return head, cms.encrypt(inner, [world.certificate], "aes128-cbc")

    def lines(head, fold="", lower=False):
        """The head of a request, with every space after a semicolon or comma in the place of `fold`."""
        written = b"POST /any/path?with=query HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        for name, value in head.items():
            value = value.replace("; ", f";{fold}") if fold else value
            written += f"{name.lower() if lower else name}: {value}\r\n".encode()
        return written

    def taken(answer, name):
        """Holds that an answer is a good receipt and the file is there."""
        status, _, rest = answer.partition(b"\r\n")
        same("the status line", status, b"HTTP/1.1 200 OK")
        same("the disposition", disposition(report_fields_verified(rest, world.certificate)), "processed")
        same("the file", server.inbox("wire").get(name), CRLF_TEXT)

    with checks.check("chunked, with extensions and small pieces"):
        head, body = message("chunked.edi")
        cut = [body[at:at + 700] for at in range(0, len(body), 700)]
        chunks = [b"%x ;ext=1\r\n%s\r\n" % (len(piece), piece) for piece in cut]
        written = lines(head) + b"Transfer-Encoding: chunked\r\n\r\n"
        taken(converse(server.url, written, *chunks, b"0\r\n\r\n"), "chunked.edi")
    with checks.check("Expect: 100-continue"):
        head, body = message("expected.edi")
        written = lines(head) + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
        answer = converse(server.url, written, body)
        same("the first answer", answer[:25], b"HTTP/1.1 100 Continue\r\n\r\n")
        taken(answer[25:], "expected.edi")
    with checks.check("folded lines, tabs, names in lower case, leading zeros"):
        head, body = message("folded.edi")
        written = lines(head, fold="\r\n\t", lower=True) + b"content-length: 000%d\r\n\r\n" % len(body)
        taken(converse(server.url, written, body), "folded.edi")
    with checks.check("a head that arrives octet by octet"):
        head, body = message("slowly.edi")
        written = lines(head) + b"Content-Length: %d\r\n\r\n" % len(body)
        octets = [written[at:at + 1] for at in range(len(written))]
        taken(converse(server.url, *octets, body, pause=0.0005), "slowly.edi")
    with checks.check("a connection that ends before the message does leaves no file"):
        head, body = message("broken.edi")
        address = urllib.parse.urlsplit(server.url)
        with socket.create_connection((address.hostname, address.port)) as connection:
            connection.sendall(lines(head) + b"Content-Length: %d\r\n\r\n" % len(body) + body[:-10])
        entries = []
        for _ in range(100):
            entries = server.inbound(head["Message-ID"])
            if entries and entries[0]["verdict"] == "refused":
                break
            time.sleep(0.05)
        same("the journal", [entry["verdict"] for entry in entries], ["refused"])
        holds("broken.edi" not in server.inbox("wire"), "there is a file")
        same("the kept body", world.raw(entries[0], "request")[1], body[:-10])
    with checks.check("and the same message, sent again whole, is taken"):
        same("the status", answered(server.url, head, body)[0], 200)
        same("the file", server.inbox("wire").get("broken.edi"), CRLF_TEXT)
    with checks.check("one message posted eight times at once is delivered once"):
        head, body = message("at-once.edi")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: without_date(answered(server.url, head, body)), range(8)))
        holds(all(answer == answers[0] for answer in answers), "the answers differ")
        same("the disposition", disposition(report_of(answers[0], world.certificate)), "processed")
        same("the files", [name for name in server.inbox("wire") if name.startswith("at-once")], ["at-once.edi"])
    with checks.check("forty messages, eight at once"):
        messages = [message(f"many-{index}.edi") for index in range(40)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda each: answered(server.url, *each), messages))
        dispositions = {disposition(report_of(answer, world.certificate)) for answer in answers}
        same("the dispositions", dispositions, {"processed"})
        found = [content for name, content in server.inbox("wire").items() if name.startswith("many-")]
        same("the files", found, [CRLF_TEXT] * 40)
