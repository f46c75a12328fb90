-- Who changed what, when. Entries are only ever added, each with a digest over itself and the one before it: what is
-- changed or taken out afterwards shows.
CREATE TABLE audit (
    number BIGINT PRIMARY KEY NOT NULL,
    at TEXT NOT NULL,
    done_by TEXT NOT NULL,
    act TEXT NOT NULL,
    subject TEXT NOT NULL,
    changes TEXT NOT NULL,
    digest TEXT NOT NULL
);

CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
BEGIN
    SELECT raise(ABORT, 'the audit log is only added to');
END;

CREATE TRIGGER audit_kept BEFORE DELETE ON audit
BEGIN
    SELECT raise(ABORT, 'the audit log is only added to');
END;
