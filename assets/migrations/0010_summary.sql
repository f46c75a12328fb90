-- What the charts over the list are read from, and how long receipts took.

-- From the last byte of a message to its receipt, in milliseconds; nothing where there is none.
ALTER TABLE transmissions ADD COLUMN receipt_ms BIGINT;

-- The same of what was journalled before: from the end of the last attempt's sending to the receipt that was read.
UPDATE transmissions SET receipt_ms = (
    SELECT CAST(round((julianday(json_extract(receipt.document, '$.started'))
        - julianday(json_extract(sent.document, '$.started'))) * 86400000) AS INTEGER)
        - json_extract(sent.document, '$.ms')
    FROM stages sent JOIN stages receipt
        ON receipt.transmission = sent.transmission AND receipt.attempt = sent.attempt AND receipt.position > sent.position
    WHERE sent.transmission = transmissions.id
        AND sent.attempt = (SELECT max(attempt) FROM stages WHERE transmission = transmissions.id)
        AND json_extract(sent.document, '$.stage') = 'sent' AND json_extract(sent.document, '$.status') = 'good'
        AND json_extract(receipt.document, '$.stage') = 'receipt'
        AND json_extract(receipt.document, '$.status') IN ('good', 'bad')
    ORDER BY json_extract(receipt.document, '$.status') DESC, receipt.position LIMIT 1)
WHERE direction = 'outbound' AND json_extract(document, '$.lights.receipt') = 'good';
UPDATE transmissions SET receipt_ms = 0 WHERE receipt_ms < 0;

-- Two narrow copies of the list under the same numbers, each read from end to end where much is counted: what is counted,
-- with codes of `listed_values` for words; and what is searched. Kept in step by triggers in the same transaction.
CREATE TABLE tallied (
    number INTEGER PRIMARY KEY,
    at_ns BIGINT NOT NULL,
    standing BIGINT NOT NULL,
    payload_bytes BIGINT NOT NULL,
    connection BIGINT,
    cause BIGINT,
    receipt_ms BIGINT
);
CREATE TABLE searched (
    number INTEGER PRIMARY KEY,
    words TEXT NOT NULL
);

CREATE VIEW tally AS
SELECT l.number, l.at_ns, l.standing, l.payload_bytes,
    (SELECT code FROM listed_values WHERE kind = 'connection' AND value = l.connection) AS connection,
    (SELECT code FROM listed_values WHERE kind = 'cause' AND value = l.cause) AS cause,
    (SELECT receipt_ms FROM transmissions WHERE id = l.transmission) AS receipt_ms
FROM listed l;

INSERT INTO tallied SELECT * FROM tally;
INSERT INTO searched SELECT number, words FROM listed;

-- As before, with the copies: what is written into them needs the codes, and the order of triggers is nowhere promised.
DROP TRIGGER listed_inserted;
CREATE TRIGGER listed_inserted AFTER INSERT ON listed BEGIN
    INSERT OR IGNORE INTO listed_values (kind, value)
    SELECT 'direction', new.direction UNION ALL SELECT 'connection', new.connection
    UNION ALL SELECT 'profile', new.profile UNION ALL SELECT 'size', length(new.payload_bytes)
    UNION ALL SELECT 'verdict', new.verdict
    UNION ALL SELECT 'cause', new.cause WHERE new.cause IS NOT NULL
    UNION ALL SELECT 'document', new.document_type WHERE new.document_type IS NOT NULL;
    INSERT INTO listed_index (rowid, words, direction, connection, profile, size, verdict, cause, document_type)
    SELECT * FROM listed_words WHERE number = new.number;
    INSERT INTO tallied SELECT * FROM tally WHERE number = new.number;
    INSERT INTO searched (number, words) VALUES (new.number, new.words);
END;

DROP TRIGGER listed_updated;
CREATE TRIGGER listed_updated AFTER UPDATE ON listed BEGIN
    INSERT OR IGNORE INTO listed_values (kind, value)
    SELECT 'connection', new.connection UNION ALL SELECT 'profile', new.profile
    UNION ALL SELECT 'size', length(new.payload_bytes) UNION ALL SELECT 'verdict', new.verdict
    UNION ALL SELECT 'cause', new.cause WHERE new.cause IS NOT NULL
    UNION ALL SELECT 'document', new.document_type WHERE new.document_type IS NOT NULL;
    INSERT INTO listed_index (rowid, words, direction, connection, profile, size, verdict, cause, document_type)
    SELECT * FROM listed_words WHERE number = new.number;
    INSERT OR REPLACE INTO tallied SELECT * FROM tally WHERE number = new.number;
    UPDATE searched SET words = new.words WHERE number = new.number AND words <> new.words;
END;

CREATE TRIGGER listed_deleted AFTER DELETE ON listed BEGIN
    DELETE FROM tallied WHERE number = old.number;
    DELETE FROM searched WHERE number = old.number;
END;

CREATE TRIGGER transmissions_answered AFTER UPDATE OF receipt_ms ON transmissions
WHEN old.receipt_ms IS NOT new.receipt_ms BEGIN
    UPDATE tallied SET receipt_ms = new.receipt_ms
    WHERE number = (SELECT number FROM listed WHERE transmission = new.id);
END;
