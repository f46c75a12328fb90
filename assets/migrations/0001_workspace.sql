-- Portable between SQLite and PostgreSQL: TEXT, BIGINT and BYTEA only, instants as RFC 3339 text, or as nanoseconds
-- since 1970 where they are sorted by. Never edited after it landed: changes are files of their own.

CREATE TABLE meta (
    key TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);

-- One row: how the workspace key is kept. `wrapped` is the key under the passphrase, or a value that the key in the
-- key file must open.
CREATE TABLE keyring (
    id TEXT PRIMARY KEY NOT NULL,
    protection TEXT NOT NULL,
    memory_kib BIGINT NOT NULL,
    passes BIGINT NOT NULL,
    lanes BIGINT NOT NULL,
    salt BYTEA NOT NULL,
    wrapped BYTEA NOT NULL
);

CREATE TABLE connections (
    id TEXT PRIMARY KEY NOT NULL,
    revision BIGINT NOT NULL,
    document TEXT NOT NULL,
    saved_at TEXT NOT NULL
);

CREATE TABLE connection_revisions (
    connection TEXT NOT NULL,
    revision BIGINT NOT NULL,
    document TEXT NOT NULL,
    saved_at TEXT NOT NULL,
    ended_at TEXT NOT NULL,
    PRIMARY KEY (connection, revision)
);

CREATE TABLE certificates (
    fingerprint TEXT PRIMARY KEY NOT NULL,
    der BYTEA NOT NULL,
    facts TEXT NOT NULL,
    source TEXT NOT NULL,
    added_at TEXT NOT NULL,
    confirmed_at TEXT,
    confirmed_how TEXT
);

CREATE TABLE identities (
    name TEXT PRIMARY KEY NOT NULL,
    facts TEXT NOT NULL,
    private_key BYTEA NOT NULL,
    added_at TEXT NOT NULL
);

CREATE TABLE identity_certificates (
    identity TEXT NOT NULL REFERENCES identities (name) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    der BYTEA NOT NULL,
    PRIMARY KEY (identity, position)
);

CREATE TABLE secrets (
    name TEXT PRIMARY KEY NOT NULL,
    sealed BYTEA NOT NULL
);

CREATE TABLE policies (
    id TEXT PRIMARY KEY NOT NULL,
    document TEXT NOT NULL
);

-- `id` is the UUID's 32 hex digits: without hyphens a prefix is a range under any collation.
CREATE TABLE transmissions (
    id TEXT PRIMARY KEY NOT NULL,
    message_id TEXT NOT NULL,
    at_ns BIGINT NOT NULL,
    direction TEXT NOT NULL,
    connection TEXT,
    profile TEXT,
    our_as2_id TEXT,
    partner_as2_id TEXT,
    file TEXT,
    payload_bytes BIGINT NOT NULL,
    verdict TEXT NOT NULL,
    failed BIGINT NOT NULL,
    cause TEXT,
    document TEXT NOT NULL
);
CREATE INDEX transmissions_by_time ON transmissions (at_ns, id);
CREATE INDEX transmissions_by_failure ON transmissions (failed, at_ns, id);
CREATE INDEX transmissions_by_connection ON transmissions (connection, at_ns, id);
CREATE INDEX transmissions_by_verdict ON transmissions (verdict, at_ns, id);
CREATE INDEX transmissions_by_message ON transmissions (message_id);

CREATE TABLE stages (
    transmission TEXT NOT NULL REFERENCES transmissions (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (transmission, position)
);
