-- What the list is searched by without regard to capitals of any script, what failed by its size, and what was received
-- counted by itself.

-- The searched words of a transmission in small letters, where SQLite's own, which knows ASCII alone, would not do: where
-- there is another letter among them. Else nothing.
ALTER TABLE transmissions ADD COLUMN folded TEXT;

DROP VIEW listable;
CREATE VIEW listable AS
SELECT id AS transmission, at_ns, direction, coalesce(connection, '') AS connection, coalesce(profile, '') AS profile,
    payload_bytes, verdict,
    CASE verdict WHEN 'failed' THEN 0 WHEN 'refused' THEN 0 WHEN 'uncertain' THEN 1 WHEN 'pending' THEN 2
        WHEN 'sending' THEN 3 WHEN 'queued' THEN 3 WHEN 'cancelled' THEN 4 ELSE 5 END AS standing,
    cause, file, document_type, control_numbers, message_id,
    coalesce(folded, lower(message_id || char(10) || coalesce(file, '') || char(10) || coalesce(control_numbers, '')))
        AS words
FROM transmissions;

DROP TRIGGER transmissions_updated;
CREATE TRIGGER transmissions_updated AFTER UPDATE OF message_id, connection, profile, file, payload_bytes, verdict,
    cause, document_type, control_numbers, folded ON transmissions
WHEN (old.message_id, old.connection, old.profile, old.file, old.payload_bytes, old.verdict, old.cause,
        old.document_type, old.control_numbers, old.folded)
    IS NOT (new.message_id, new.connection, new.profile, new.file, new.payload_bytes, new.verdict, new.cause,
        new.document_type, new.control_numbers, new.folded)
BEGIN
    UPDATE listed SET (connection, profile, payload_bytes, verdict, standing, cause, file, document_type,
        control_numbers, message_id, words) = (SELECT connection, profile, payload_bytes, verdict, standing, cause, file,
        document_type, control_numbers, message_id, words FROM listable WHERE transmission = new.id)
    WHERE transmission = new.id;
END;

-- Failures are few, and asked for most.
CREATE INDEX listed_failures_by_size ON listed (payload_bytes, number) WHERE standing = 0;

-- 1 where it was received, else nothing: what was delivered to a partner is another thing.
ALTER TABLE tallied ADD COLUMN received BIGINT;
UPDATE tallied SET received = 1 WHERE number IN (SELECT number FROM listed WHERE verdict = 'received');

DROP VIEW tally;
CREATE VIEW tally AS
SELECT l.number, l.at_ns, l.standing, l.payload_bytes,
    (SELECT code FROM listed_values WHERE kind = 'connection' AND value = l.connection) AS connection,
    (SELECT code FROM listed_values WHERE kind = 'cause' AND value = l.cause) AS cause,
    (SELECT receipt_ms FROM transmissions WHERE id = l.transmission) AS receipt_ms,
    nullif(l.verdict = 'received', 0) AS received
FROM listed l;
