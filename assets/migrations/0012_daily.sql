-- Folders of this machine that a profile sends from and receives into. Not part of the connection: a file that somebody
-- else has written must not say which of our folders are sent.
CREATE TABLE folders (
    connection TEXT NOT NULL,
    profile TEXT NOT NULL,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    PRIMARY KEY (connection, profile, kind)
);

-- Files that were taken from an outbox and lie there still, each with the transmission that it became: as long as it is
-- the same file, it is not sent as another message. Without a reference, because this has to outlive the transmission.
CREATE TABLE outbox_files (
    folder TEXT NOT NULL,
    name TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    changed_ns BIGINT NOT NULL,
    transmission TEXT NOT NULL,
    PRIMARY KEY (folder, name)
);

-- What is wrong with an outbox, as whoever looks through it found it last.
CREATE TABLE outbox_troubles (
    folder TEXT PRIMARY KEY NOT NULL,
    connection TEXT NOT NULL,
    profile TEXT NOT NULL,
    reason TEXT NOT NULL,
    since TEXT NOT NULL
);

-- Commands that were run because of a transmission.
CREATE TABLE command_runs (
    transmission TEXT NOT NULL REFERENCES transmissions (id) ON DELETE CASCADE,
    at_ns BIGINT NOT NULL,
    occasion TEXT NOT NULL,
    program TEXT NOT NULL,
    good BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    ms BIGINT NOT NULL,
    output TEXT NOT NULL
);
CREATE INDEX command_runs_by_transmission ON command_runs (transmission);
CREATE INDEX command_runs_that_failed ON command_runs (at_ns) WHERE good = 0;
