-- What waited for its asynchronous receipt before there were duties waits a day for it, as everything else does.
INSERT INTO duties (transmission, kind, at_ns, number, whither)
SELECT id, 'deadline', at_ns + 86400000000000, 1, NULL
FROM transmissions
WHERE verdict = 'pending' AND direction = 'outbound' AND NOT EXISTS (
    SELECT 1 FROM duties WHERE duties.transmission = transmissions.id AND duties.kind = 'deadline'
);
