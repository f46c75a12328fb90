-- What a partner knows of a certificate of ours, for one profile: when they were told and how, when they confirmed and
-- who, and when a message first came that they had encrypted for it.
CREATE TABLE own_acquaintances (
    connection TEXT NOT NULL,
    profile TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    told_at TEXT,
    told_how TEXT,
    confirmed_at TEXT,
    confirmed_by TEXT,
    decrypted_at TEXT,
    PRIMARY KEY (connection, profile, fingerprint)
);
CREATE INDEX own_acquaintances_by_certificate ON own_acquaintances (fingerprint);

-- Certificates that a CA was asked for. `private_key` is sealed; it is absent where the key is that of an identity.
CREATE TABLE identity_requests (
    name TEXT PRIMARY KEY NOT NULL,
    identity TEXT,
    subject TEXT NOT NULL,
    request BYTEA NOT NULL,
    private_key BYTEA,
    made_at TEXT NOT NULL
);
