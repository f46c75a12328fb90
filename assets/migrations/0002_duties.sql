-- What a message was made of when it was sent: for sending it again, and for reading a receipt that comes later.
ALTER TABLE transmissions ADD COLUMN sent_as TEXT;

-- What is still to be done for a transmission, and not before when: another attempt, the end of waiting for a receipt,
-- posting a receipt that we owe. `number` counts the attempts; `whither` is the address of a receipt.
CREATE TABLE duties (
    transmission TEXT NOT NULL REFERENCES transmissions (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    at_ns BIGINT NOT NULL,
    number BIGINT NOT NULL,
    whither TEXT,
    PRIMARY KEY (transmission, kind)
);
CREATE INDEX duties_by_time ON duties (at_ns);
