-- What retention lets go, and what it needs to know for that.

-- What is kept of each transmission, in bytes, so that what there is and what would go need not be looked for on disk;
-- NULL where nothing of a kind is there. `changes` counts how often the transmission was journalled, `measured` is that
-- count when the bytes were measured: where they differ, they are to be measured anew. `held` is what the journal says
-- against letting anything of it go.
CREATE TABLE holdings (
    transmission TEXT PRIMARY KEY NOT NULL REFERENCES transmissions (id) ON DELETE CASCADE,
    at_ns BIGINT NOT NULL,
    changes BIGINT NOT NULL,
    measured BIGINT NOT NULL,
    payload BIGINT,
    raw BIGINT,
    receipt BIGINT,
    journal BIGINT NOT NULL,
    held TEXT
);
CREATE INDEX holdings_unmeasured ON holdings (transmission) WHERE changes <> measured;

INSERT INTO holdings (transmission, at_ns, changes, measured, journal) SELECT id, at_ns, 1, 0, 0 FROM transmissions;

-- Kept in step in the same transaction, whoever writes.
CREATE TRIGGER transmissions_held AFTER INSERT ON transmissions BEGIN
    INSERT INTO holdings (transmission, at_ns, changes, measured, journal) VALUES (new.id, new.at_ns, 1, 0, 0);
END;
CREATE TRIGGER transmissions_moved AFTER UPDATE ON transmissions BEGIN
    UPDATE holdings SET changes = changes + 1 WHERE transmission = new.id;
END;

-- What has gone, by kind, and when. Written before a file is removed: as long as `done` is 0, the files may still be there,
-- and nobody reads them. It stays when the journal's entry has gone, so that it can be said why there is none.
CREATE TABLE removals (
    transmission TEXT NOT NULL,
    kind TEXT NOT NULL,
    at_ns BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    done BIGINT NOT NULL,
    PRIMARY KEY (transmission, kind)
);
CREATE INDEX removals_begun ON removals (transmission) WHERE done = 0;

-- What somebody has decided about one transmission: to keep it, or that a dispute is settled.
CREATE TABLE retention_marks (
    transmission TEXT PRIMARY KEY NOT NULL REFERENCES transmissions (id) ON DELETE CASCADE,
    mark TEXT NOT NULL,
    made_at TEXT NOT NULL
);

-- What each run has freed, as a document.
CREATE TABLE retention_runs (
    at_ns BIGINT PRIMARY KEY NOT NULL,
    document TEXT NOT NULL
);
