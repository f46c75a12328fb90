"""The calendar file, read by a foreign parser: icalendar (collective), and the rules of RFC 5545 that it does not check."""

import datetime

import icalendar
from world import holds, same


def run(checks, world, party):
    """What `calendar` writes."""
    if not checks.wants("calendar"):
        return
    name = "Calendar, with; commas\\\\ and a name that is longer than seventy-five octets: " + "ü" * 60
    world.connect("calendar", "ACME", "CALENDAR", "http://127.0.0.1:9/as2", party.certificate)
    world.run("connection", "set", "calendar", "name=" + name)
    path = world.folder / "countersign.ics"

    def written():
        """The file, anew."""
        world.run("calendar", "-o", str(path))
        return path.read_bytes()

    with checks.check("the calendar is read by icalendar, and every line is folded within 75 octets"):
        raw = written()
        holds(raw.endswith(b"END:VCALENDAR\r\n"), "it is not ended")
        for line in raw.split(b"\r\n"):
            holds(len(line) <= 75, f"{len(line)} octets: {line!r}")
            holds(b"\n" not in line and b"\r" not in line, f"a bare line end in {line!r}")
        calendar = icalendar.Calendar.from_ical(raw)
        same("VERSION", str(calendar["VERSION"]), "2.0")
        events = list(calendar.walk("VEVENT"))
        holds(events, "there is no event")
        for event in events:
            for field in ("UID", "DTSTAMP", "DTSTART", "SUMMARY"):
                holds(field in event, f"an event without {field}")
            holds(event.decoded("DTSTART").utcoffset() == datetime.timedelta(0), "DTSTART is not in UTC")
            for alarm in event.walk("VALARM"):
                holds(alarm.decoded("TRIGGER") < datetime.timedelta(0), "an alarm after its event")
        uids = [str(event["UID"]) for event in events]
        same("UIDs that stand once", len(set(uids)), len(uids))

    with checks.check("a second file has the same UIDs, so that importing it doubles nothing"):
        first = {str(event["UID"]) for event in icalendar.Calendar.from_ical(written()).walk("VEVENT")}
        second = {str(event["UID"]) for event in icalendar.Calendar.from_ical(written()).walk("VEVENT")}
        same("the UIDs", second, first)

    with checks.check("a name with every character that must be escaped comes back as it was"):
        calendar = icalendar.Calendar.from_ical(written())
        texts = [str(event["SUMMARY"]) + str(event["DESCRIPTION"]) for event in calendar.walk("VEVENT")]
        holds(any(name in text for text in texts), f"the name is in none of {texts}")
