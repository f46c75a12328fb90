-- What the list of transmissions is read from. SQLite's own dialect, the one place that has one: full-text search.

-- What was read from the beginning of a payload: the type of its first message, and its control numbers. Empty where
-- nothing was recognised, and of all that was journalled before.
ALTER TABLE transmissions ADD COLUMN document_type TEXT;
ALTER TABLE transmissions ADD COLUMN control_numbers TEXT;

-- A narrow copy of what a list shows, in the order of time: `number` is the millisecond of journalling, or the next that
-- is free. `age` is its reverse, for indexes that run the other way; `standing` puts what needs action first; `words` is
-- what is searched, in lower case (ASCII). Kept in step by the triggers below, in the same transaction.
CREATE TABLE listed (
    number INTEGER PRIMARY KEY,
    words TEXT NOT NULL,
    transmission TEXT NOT NULL UNIQUE,
    at_ns BIGINT NOT NULL,
    direction TEXT NOT NULL,
    connection TEXT NOT NULL,
    profile TEXT NOT NULL,
    payload_bytes BIGINT NOT NULL,
    verdict TEXT NOT NULL,
    standing BIGINT NOT NULL,
    cause TEXT,
    file TEXT,
    document_type TEXT,
    control_numbers TEXT,
    message_id TEXT NOT NULL,
    age BIGINT GENERATED ALWAYS AS (-number) VIRTUAL
);

-- Every value that is filtered by, with three characters of the private use area: a word of its own in the index, which
-- no text can contain.
CREATE TABLE listed_values (
    code INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    word TEXT GENERATED ALWAYS AS
        (char(57344 + (code >> 24 & 4095), 57344 + (code >> 12 & 4095), 57344 + (code & 4095))) VIRTUAL,
    UNIQUE (kind, value)
);

-- For each transmission the trigrams of its words, and the values that it is filtered by. Nothing is stored but lists of
-- numbers, so that any choice of filters and searches is their intersection, the newest first.
CREATE VIRTUAL TABLE listed_index USING fts5 (
    words, direction, connection, profile, size, verdict, cause, document_type,
    content = '', detail = none, columnsize = 0, tokenize = 'trigram case_sensitive 1'
);

-- The words under which each is indexed.
CREATE VIEW listed_words AS
SELECT l.number, l.words,
    (SELECT word FROM listed_values WHERE kind = 'direction' AND value = l.direction) AS direction,
    (SELECT word FROM listed_values WHERE kind = 'connection' AND value = l.connection) AS connection,
    (SELECT word FROM listed_values WHERE kind = 'profile' AND value = l.profile) AS profile,
    (SELECT word FROM listed_values WHERE kind = 'size' AND value = length(l.payload_bytes)) AS size,
    (SELECT word FROM listed_values WHERE kind = 'verdict' AND value = l.verdict) AS verdict,
    (SELECT word FROM listed_values WHERE kind = 'cause' AND value = l.cause) AS cause,
    (SELECT word FROM listed_values WHERE kind = 'document' AND value = l.document_type) AS document_type
FROM listed l;

CREATE TRIGGER listed_inserted AFTER INSERT ON listed BEGIN
    INSERT OR IGNORE INTO listed_values (kind, value)
    SELECT 'direction', new.direction UNION ALL SELECT 'connection', new.connection
    UNION ALL SELECT 'profile', new.profile UNION ALL SELECT 'size', length(new.payload_bytes)
    UNION ALL SELECT 'verdict', new.verdict
    UNION ALL SELECT 'cause', new.cause WHERE new.cause IS NOT NULL
    UNION ALL SELECT 'document', new.document_type WHERE new.document_type IS NOT NULL;
    INSERT INTO listed_index (rowid, words, direction, connection, profile, size, verdict, cause, document_type)
    SELECT * FROM listed_words WHERE number = new.number;
END;

-- An index without content is told what it held: the row as it was before.
CREATE TRIGGER listed_updating BEFORE UPDATE ON listed BEGIN
    INSERT INTO listed_index
        (listed_index, rowid, words, direction, connection, profile, size, verdict, cause, document_type)
    SELECT 'delete', * FROM listed_words WHERE number = old.number;
END;
CREATE TRIGGER listed_updated AFTER UPDATE ON listed BEGIN
    INSERT OR IGNORE INTO listed_values (kind, value)
    SELECT 'connection', new.connection UNION ALL SELECT 'profile', new.profile
    UNION ALL SELECT 'size', length(new.payload_bytes) UNION ALL SELECT 'verdict', new.verdict
    UNION ALL SELECT 'cause', new.cause WHERE new.cause IS NOT NULL
    UNION ALL SELECT 'document', new.document_type WHERE new.document_type IS NOT NULL;
    INSERT INTO listed_index (rowid, words, direction, connection, profile, size, verdict, cause, document_type)
    SELECT * FROM listed_words WHERE number = new.number;
END;
CREATE TRIGGER listed_deleting BEFORE DELETE ON listed BEGIN
    INSERT INTO listed_index
        (listed_index, rowid, words, direction, connection, profile, size, verdict, cause, document_type)
    SELECT 'delete', * FROM listed_words WHERE number = old.number;
END;

-- A transmission as it is listed, but for its number.
CREATE VIEW listable AS
SELECT id AS transmission, at_ns, direction, coalesce(connection, '') AS connection, coalesce(profile, '') AS profile,
    payload_bytes, verdict,
    CASE verdict WHEN 'failed' THEN 0 WHEN 'refused' THEN 0 WHEN 'uncertain' THEN 1 WHEN 'pending' THEN 2
        WHEN 'sending' THEN 3 WHEN 'queued' THEN 3 WHEN 'cancelled' THEN 4 ELSE 5 END AS standing,
    cause, file, document_type, control_numbers, message_id,
    lower(message_id || char(10) || coalesce(file, '') || char(10) || coalesce(control_numbers, '')) AS words
FROM transmissions;

INSERT INTO listed (number, transmission, at_ns, direction, connection, profile, payload_bytes, verdict, standing, cause,
    file, document_type, control_numbers, message_id, words)
SELECT place + max(at_ns / 1000000 - place) OVER (ORDER BY place), transmission, at_ns, direction, connection, profile,
    payload_bytes, verdict, standing, cause, file, document_type, control_numbers, message_id, words
FROM (SELECT row_number() OVER (ORDER BY at_ns, transmission) AS place, * FROM listable);

CREATE TRIGGER transmissions_inserted AFTER INSERT ON transmissions BEGIN
    INSERT INTO listed (number, transmission, at_ns, direction, connection, profile, payload_bytes, verdict, standing,
        cause, file, document_type, control_numbers, message_id, words)
    SELECT coalesce(
            (SELECT taken.number + 1 FROM listed taken
             WHERE taken.number >= new.at_ns / 1000000
                 AND EXISTS (SELECT 1 FROM listed WHERE number = new.at_ns / 1000000)
                 AND NOT EXISTS (SELECT 1 FROM listed WHERE number = taken.number + 1)
             ORDER BY taken.number LIMIT 1),
            new.at_ns / 1000000),
        * FROM listable WHERE transmission = new.id;
END;

-- Most changes of a transmission are none of its line in the list.
CREATE TRIGGER transmissions_updated AFTER UPDATE OF message_id, connection, profile, file, payload_bytes, verdict,
    cause, document_type, control_numbers ON transmissions
WHEN (old.message_id, old.connection, old.profile, old.file, old.payload_bytes, old.verdict, old.cause,
        old.document_type, old.control_numbers)
    IS NOT (new.message_id, new.connection, new.profile, new.file, new.payload_bytes, new.verdict, new.cause,
        new.document_type, new.control_numbers)
BEGIN
    UPDATE listed SET (connection, profile, payload_bytes, verdict, standing, cause, file, document_type,
        control_numbers, message_id, words) = (SELECT connection, profile, payload_bytes, verdict, standing, cause, file,
        document_type, control_numbers, message_id, words FROM listable WHERE transmission = new.id)
    WHERE transmission = new.id;
END;

CREATE TRIGGER transmissions_deleted AFTER DELETE ON transmissions BEGIN
    DELETE FROM listed WHERE transmission = old.id;
END;

CREATE INDEX listed_by_age ON listed (age);
CREATE INDEX listed_by_connection ON listed (connection, age);
CREATE INDEX listed_by_standing ON listed (standing, age);
CREATE INDEX listed_by_size ON listed (payload_bytes, number);

-- Only the list was read by this one.
DROP INDEX transmissions_by_failure;
