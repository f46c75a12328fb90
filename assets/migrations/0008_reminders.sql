-- What has become of notices. The notices themselves are computed; here is what was told and decided.

-- That a step of a notice was told in a way. Of two programs that want to tell it, one inserts the row.
CREATE TABLE notice_tellings (
    notice TEXT NOT NULL,
    step BIGINT NOT NULL,
    insistent BIGINT NOT NULL,
    round BIGINT NOT NULL,
    way TEXT NOT NULL,
    told_ns BIGINT NOT NULL,
    PRIMARY KEY (notice, step, insistent, round, way)
);

-- What somebody decided about a notice last. `acknowledged` is a document: when, by whom, and how the notice stood.
CREATE TABLE notice_settlements (
    notice TEXT PRIMARY KEY NOT NULL,
    round BIGINT NOT NULL,
    acknowledged TEXT,
    snoozed_until TEXT,
    snoozed_by TEXT
);

-- Reminders that go by e-mail, written down in the transaction that counts them as told, until they are sent.
-- One row for each recipient: what one server refuses does not keep another from having it, nor is it sent twice.
-- `held_ns`: until then the program that took it is sending it. `next_ns`: not before.
CREATE TABLE notice_mails (
    id TEXT PRIMARY KEY NOT NULL,
    made_at TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_ns BIGINT NOT NULL,
    held_ns BIGINT NOT NULL,
    failure TEXT,
    failed_at TEXT,
    sent_at TEXT
);

CREATE INDEX notice_mails_waiting ON notice_mails (next_ns) WHERE sent_at IS NULL;
