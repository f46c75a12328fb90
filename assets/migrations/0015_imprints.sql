-- What an encrypted message that was received has in common with its copies alone: they are known by it under whatever
-- Message-ID they come. Nothing of what was not encrypted, and of what came before. It goes with the journal's entry.
ALTER TABLE transmissions ADD COLUMN imprint TEXT;
CREATE INDEX transmissions_by_imprint ON transmissions (imprint) WHERE imprint IS NOT NULL;
