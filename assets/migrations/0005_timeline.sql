-- When a good signature of a partner's certificate was last seen in a profile, to about an hour: what decides when a
-- replaced certificate stops being accepted.
CREATE TABLE signatures_seen (
    certificate TEXT NOT NULL,
    connection TEXT NOT NULL,
    profile TEXT NOT NULL,
    last_seen_ns BIGINT NOT NULL,
    PRIMARY KEY (certificate, connection, profile)
);

-- What a partner's TLS server showed last, and what it showed before that.
CREATE TABLE server_sights (
    connection TEXT NOT NULL,
    profile TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (connection, profile)
);

-- How far the clocks of partners' servers are ahead of ours: the last word of each.
CREATE TABLE clock_samples (
    server TEXT PRIMARY KEY NOT NULL,
    at_ns BIGINT NOT NULL,
    ahead_seconds BIGINT NOT NULL
);

-- Activations that happened while nobody was running, each kept once; `told_ns` is set when somebody has read it.
CREATE TABLE missed_activations (
    connection TEXT NOT NULL,
    profile TEXT NOT NULL,
    certificate TEXT NOT NULL,
    at_ns BIGINT NOT NULL,
    zone TEXT,
    replaced TEXT,
    told_ns BIGINT,
    PRIMARY KEY (connection, profile, certificate, at_ns)
);
