-- Who compared a certificate's fingerprint, beside when and how.
ALTER TABLE certificates ADD COLUMN confirmed_by TEXT;

-- The issuers that came in one file with a certificate, the nearest first.
CREATE TABLE certificate_chains (
    certificate TEXT NOT NULL REFERENCES certificates (fingerprint) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    der BYTEA NOT NULL,
    PRIMARY KEY (certificate, position)
);

-- Certificates that partners were seen to sign with before they were expected, or that nobody expected. One row for each
-- certificate of a profile; `der` where it was inside what it signed.
CREATE TABLE sightings (
    connection TEXT NOT NULL,
    profile TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    kind TEXT NOT NULL,
    seen_in TEXT NOT NULL,
    facts TEXT,
    der BYTEA,
    transmission TEXT NOT NULL,
    first_at_ns BIGINT NOT NULL,
    last_at_ns BIGINT NOT NULL,
    times BIGINT NOT NULL,
    PRIMARY KEY (connection, profile, fingerprint)
);
