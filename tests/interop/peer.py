#!/usr/bin/env python3
"""A loopback AS2 partner on pyas2lib that answers with a synchronous receipt, and breaks on order.

The checks run it inside their own process; by hand it is a partner to try things against:
  peer.py ID KEY-AND-CERTIFICATE.pem OTHER-ID=CERTIFICATE.pem [FAULT]

Faults: http-500, html, empty, drop (the connection, once the message is read), drop-early (before it is), slow,
unsigned (a receipt, though a signed one was asked for), tampered (a signed one), bad-mic, mic-without-headers,
other-message, wrong-key (of decryption), unknown-signer (it holds another certificate of ours), other-certificate (it
signs with a renewed one), error:TEXT and warning:TEXT (as disposition).
"""

import base64
import dataclasses
import hashlib
import http.server
import logging
import re
import socket
import struct
import sys
import threading
import time

from pyas2lib import as2

# What pyas2lib thinks of messages that are wrong on purpose is not of interest.
logging.getLogger("pyas2lib").setLevel(logging.CRITICAL)


class Receipt(as2.Mdn):
    """A receipt that says what it is told to say."""

    fault = ""

    def build(self, message, status, detailed_status=None, **rest):
        kind, colon, text = self.fault.partition(":")
        if colon and kind in ("error", "warning"):
            status, detailed_status = f"processed/{kind}", text
        if self.fault == "bad-mic" and message.mic:
            message.mic = (b"A" if message.mic[:1] != b"A" else b"B") + message.mic[1:]
        if self.fault == "mic-without-headers":
            message.mic = base64.b64encode(hashlib.new(message.digest_alg, message.content).digest())
        if self.fault == "other-message":
            message.message_id = "somebody-else@example.com"
        super().build(message, status, detailed_status, **rest)


class Quiet(http.server.ThreadingHTTPServer):
    """A server that does not mind a sender who has given up waiting."""

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@dataclasses.dataclass
class Received:
    """One message that the peer got."""

    status: str
    error: str
    payload: bytes
    mic: str
    encrypted: bool
    signed: bool
    filename: str


def organization(name, pem):
    """One side with its key, as pyas2lib wants it."""
    return as2.Organization(name, sign_key=pem, decrypt_key=pem, domain="peer.example")


class Peer:
    """The partner, on a free port of the loopback interface."""

    def __init__(self, name, pem, port=0):
        self.name, self.pem = name, pem
        #: Certificates of those who may send, by AS2 identifier.
        self.partners = {}
        #: What to do wrong.
        self.fault = ""
        #: A key or a certificate that some faults put in the place of the right one.
        self.other_pem = pem
        #: Seconds before the answer, for the fault `slow`.
        self.delay = 10
        self.received = []
        #: How asynchronous receipts are posted, how long that is waited with, and how they were answered.
        self.post, self.receipt_delay, self.receipts_answered = None, 0.3, []
        #: Receipts that came for what this peer sent.
        self.receipts = []
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                """Says nothing."""

            def do_POST(self):
                if self.path.startswith("/receipts"):
                    peer.take_receipt(self)
                else:
                    peer.answer(self)

        self.server = Quiet(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/as2"
        threading.Thread(target=self.server.serve_forever, name="peer", daemon=True).start()

    def take_receipt(self, request):
        """Takes an asynchronous receipt, as head and body in one."""
        body = request.rfile.read(int(request.headers["Content-Length"]))
        head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items()).encode("latin-1")
        reply(request, 204, {}, b"")
        self.receipts.append(head + b"\r\n" + body)

    def answer(self, request):
        """Answers one request, as the fault wants it."""
        if self.fault == "drop-early":
            request.rfile.read(1024)
            return drop(request)
        body = request.rfile.read(int(request.headers["Content-Length"]))
        if self.fault == "drop":
            return drop(request)
        if self.fault == "slow":
            time.sleep(self.delay)
            return drop(request)
        if self.fault == "http-500":
            return reply(request, 500, {"Content-Type": "text/plain"}, b"Internal error\n")
        if self.fault == "html":
            page = b"<html><body><h1>Welcome</h1></body></html>"
            return reply(request, 200, {"Content-Type": "text/html"}, page)
        if self.fault == "empty":
            return reply(request, 200, {}, b"")
        headers, content = self.receive(request, body)
        whither = request.headers.get("Receipt-Delivery-Option")
        if whither and headers:
            reply(request, 204, {}, b"")
            # Later, by itself, and on a connection of its own.
            threading.Thread(target=self.post_receipt, args=(whither, headers, content), daemon=True).start()
            return None
        return reply(request, 200, headers, content)

    def post_receipt(self, whither, headers, content):
        """Posts an asynchronous receipt, and keeps how it was answered."""
        time.sleep(self.receipt_delay)
        fields = {name: re.sub(r"\r?\n[ \t]*", " ", value) for name, value in headers.items()}
        self.receipts_answered.append(self.post(whither, fields, content)[0])

    def receive(self, request, body):
        """Opens a message with pyas2lib, keeps what came of it, and returns the receipt."""
        fields = request.headers.items()
        if self.fault == "unsigned":
            fields = [(name, value) for name, value in fields if name.lower() != "disposition-notification-options"]
        raw = "".join(f"{name}: {value}\r\n" for name, value in fields).encode("latin-1") + b"\r\n" + body
        decrypting = self.other_pem if self.fault == "wrong-key" else self.pem
        signing = self.other_pem if self.fault == "other-certificate" else self.pem
        us = as2.Organization(self.name, sign_key=signing, decrypt_key=decrypting, domain="peer.example")

        def partner(name):
            certificate = self.partners.get(name)
            if certificate is not None and self.fault == "unknown-signer":
                certificate = self.other_pem
            return certificate and as2.Partner(name, verify_cert=certificate, validate_certs=False)

        message = as2.Message()
        # The receipt is built while the message is parsed, by the class that the module holds.
        kind = type("Ordered", (Receipt,), {"fault": self.fault})
        with PARSING:
            plain, as2.Mdn = as2.Mdn, kind
            try:
                status, (error, _), receipt = message.parse(
                    raw, find_org_cb=lambda name: us if name == self.name else None, find_partner_cb=partner)
            finally:
                as2.Mdn = plain
        self.received.append(Received(
            status, str(error or ""), message.content if status == "processed" else None,
            message.mic.decode() if message.mic else None, message.encrypted, message.signed,
            message.payload.get_filename()))
        if receipt is None:
            return {}, b""
        content = receipt.content
        if self.fault == "tampered":
            content = re.sub(rb"(?i)(reporting-ua: )p", rb"\1q", content)
        return receipt.headers, content


PARSING = threading.Lock()


def reply(request, status, headers, content):
    """Writes an answer; folded header lines are unfolded, because HTTP has none."""
    request.send_response(status)
    for name, value in headers.items():
        if name.lower() not in ("content-length", "connection"):
            request.send_header(name, re.sub(r"\r?\n[ \t]*", " ", value))
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)


def drop(request):
    """Resets the connection instead of answering."""
    request.close_connection = True
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.connection.close()


def send(url, us, partner, payload, post, content_type="application/edi-x12", filename=None):
    """Sends as pyas2lib does and reads the receipt with it: the message, its wire form, what pyas2lib says of the
    receipt, and the answer as it came."""
    message = as2.Message(us, partner)
    message.build(payload, filename=filename, subject="Interoperability check", content_type=content_type)
    fields = {name: re.sub(r"\r?\n[ \t]*", " ", value) for name, value in message.headers.items()}
    content = message.content
    status, headers, body = post(url, fields, content)
    raw = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("latin-1") + b"\r\n" + body
    receipt = as2.Mdn()
    verdict = receipt.parse(raw, find_message_cb=lambda *_: message)
    return message, (fields, content), verdict, (status, raw)


def main():
    """Runs a peer until it is interrupted."""
    name, key, partner = sys.argv[1:4]
    with open(key, "rb") as file:
        peer = Peer(name, file.read())
    other, _, certificate = partner.partition("=")
    with open(certificate, "rb") as file:
        peer.partners[other] = file.read()
    peer.fault = sys.argv[4] if len(sys.argv) > 4 else ""
    print(f"{name} at {peer.url}", flush=True)
    seen = 0
    while True:
        time.sleep(0.2)
        for each in peer.received[seen:]:
            seen += 1
            print(each, flush=True)


if __name__ == "__main__":
    main()
