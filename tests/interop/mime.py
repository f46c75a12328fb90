"""Heads, bodies and the parts of a multipart, octet by octet.

Python's own e-mail parser is not used: it rewrites line ends, and these checks are about octets.
"""

import re


def split_head(raw):
    """Splits bytes at the first blank line into fields, with names in lower case and folded lines joined, and the rest."""
    end = re.search(rb"\r?\n\r?\n", raw)
    if end is None:
        raise AssertionError(f"there is no blank line after the head: {raw[:200]!r}")
    lines = re.sub(rb"\r?\n[ \t]+", b" ", raw[: end.start()]).splitlines()
    fields = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon:
            fields[name.decode("ascii").strip().lower()] = value.decode("latin-1").strip()
    return fields, raw[end.end():]


def parameter(value, name):
    """A parameter of a Content-Type, without its quotes."""
    found = re.search(rf'[;\s]{name}\s*=\s*(?:"([^"]*)"|([^;\s]*))', value, re.I)
    return None if found is None else found.group(1) if found.group(1) is not None else found.group(2)


def parts(content_type, body):
    """The parts of a multipart, each exactly as it stands between its delimiters."""
    boundary = parameter(content_type, "boundary")
    if not boundary:
        raise AssertionError(f"there is no boundary in {content_type!r}")
    delimiter = b"--" + boundary.encode("ascii")
    # The line break before a delimiter belongs to the delimiter (RFC 2046 section 5.1.1).
    pieces = re.split(rb"(?:^|\r?\n)" + re.escape(delimiter) + rb"(?=--|[ \t]*\r?\n)", body)
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise AssertionError(f"the multipart is not complete: {len(pieces) - 1} delimiters")
    return [re.sub(rb"^[ \t]*\r?\n", b"", piece, count=1) for piece in pieces[1:-1]]


def entity(fields, body):
    """Fields and a body as bytes, with CRLF."""
    return "".join(f"{name}: {value}\r\n" for name, value in fields).encode("latin-1") + b"\r\n" + body


def report_fields(raw):
    """The fields of the `message/disposition-notification` part in a receipt, signed or not."""
    fields, body = split_head(raw)
    kind = fields.get("content-type", "")
    if kind.lower().startswith("message/disposition-notification"):
        return split_head(body + b"\r\n\r\n")[0]
    if not kind.lower().startswith("multipart/"):
        return None
    for part in parts(kind, body):
        found = report_fields(part) if b":" in part.split(b"\n", 1)[0] else None
        if found is not None:
            return found
    return None
