-- Rollovers: one renewed certificate and the profiles that change to it. Only what somebody decided is kept here; how a
-- profile stands is computed from its timeline and the journal.
CREATE TABLE rollovers (
    id BIGINT PRIMARY KEY NOT NULL,
    certificate TEXT NOT NULL,
    revision BIGINT NOT NULL,
    document TEXT NOT NULL
);

CREATE TABLE rollover_profiles (
    rollover BIGINT NOT NULL REFERENCES rollovers (id) ON DELETE CASCADE,
    connection TEXT NOT NULL,
    profile TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (rollover, connection, profile)
);

-- Which certificate of the partner's a message was encrypted for, and which one verified the signature of the message or
-- of its receipt: what shows that a partner has changed.
ALTER TABLE transmissions ADD COLUMN encrypted_for TEXT;
ALTER TABLE transmissions ADD COLUMN signed_with TEXT;
CREATE INDEX transmissions_by_signer ON transmissions (signed_with, connection, profile, id);
CREATE INDEX transmissions_by_recipient ON transmissions (encrypted_for, connection, profile, id);
