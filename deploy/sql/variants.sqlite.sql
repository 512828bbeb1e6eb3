-- Content variants for winburn (engagement: {tables: threads}), SQLite. Only the tables that you fill are needed. Times
-- are UTC without a zone, as CURRENT_TIMESTAMP writes them; counts are cumulative and updated in place.
--
--   sqlite3 shop.db < variants.sqlite.sql

CREATE TABLE variants (
    id            TEXT PRIMARY KEY,
    persona_id    TEXT NOT NULL,
    pattern_used  TEXT,
    predicted_er  REAL CHECK (predicted_er > 0 AND predicted_er < 1),
    content       TEXT NOT NULL DEFAULT '',
    status        TEXT NOT NULL DEFAULT 'active',
    posted_at     TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX variants_by_time ON variants (posted_at DESC);

-- What happened to each variant: impressions, and the interactions (likes, comments, shares) with it.
CREATE TABLE variant_performance (
    variant_id   TEXT PRIMARY KEY,
    dimensions   TEXT NOT NULL DEFAULT '{}',
    impressions  INTEGER NOT NULL DEFAULT 0 CHECK (impressions >= 0),
    successes    INTEGER NOT NULL DEFAULT 0 CHECK (successes >= 0),
    last_used    TIMESTAMP,
    created_at   TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- A time in which a variant is watched, with the thresholds of rule: threshold.
CREATE TABLE variant_monitoring (
    id                        INTEGER PRIMARY KEY,
    variant_id                TEXT NOT NULL,
    persona_id                TEXT NOT NULL,
    post_id                   TEXT,
    expected_engagement_rate  REAL NOT NULL,
    kill_threshold            REAL NOT NULL DEFAULT 0.5,
    min_interactions          INTEGER NOT NULL DEFAULT 10,
    timeout_minutes           INTEGER NOT NULL DEFAULT 10,
    started_at                TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    ended_at                  TIMESTAMP,
    is_active                 BOOLEAN NOT NULL DEFAULT 1,
    was_killed                BOOLEAN NOT NULL DEFAULT 0,
    kill_reason               TEXT
);
CREATE INDEX variant_monitoring_by_start ON variant_monitoring (started_at);
CREATE INDEX variant_monitoring_kills ON variant_monitoring (ended_at) WHERE was_killed;

CREATE TABLE variant_kills (
    id          INTEGER PRIMARY KEY,
    variant_id  TEXT NOT NULL,
    persona_id  TEXT NOT NULL,
    reason      TEXT NOT NULL,
    posted_at   TIMESTAMP NOT NULL,
    killed_at   TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX variant_kills_by_time ON variant_kills (killed_at);

-- Each use of a pattern; counts of its post come from threads_posts.
CREATE TABLE pattern_usage (
    id          INTEGER PRIMARY KEY,
    persona_id  TEXT NOT NULL,
    pattern_id  TEXT NOT NULL,
    post_id     TEXT NOT NULL,
    used_at     TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX pattern_usage_by_time ON pattern_usage (used_at, persona_id, pattern_id);

CREATE TABLE threads_posts (
    thread_id          TEXT PRIMARY KEY,
    persona_id         TEXT NOT NULL,
    published_at       TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    impressions_count  INTEGER NOT NULL DEFAULT 0,
    likes_count        INTEGER NOT NULL DEFAULT 0,
    comments_count     INTEGER NOT NULL DEFAULT 0,
    shares_count       INTEGER NOT NULL DEFAULT 0,
    updated_at         TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE experiments (
    experiment_id       TEXT PRIMARY KEY,
    name                TEXT NOT NULL,
    status              TEXT NOT NULL DEFAULT 'draft',
    control_variant_id  TEXT
);

CREATE TABLE experiment_variants (
    experiment_id      TEXT NOT NULL REFERENCES experiments,
    variant_id         TEXT NOT NULL,
    allocated_traffic  REAL NOT NULL,
    impressions        INTEGER NOT NULL DEFAULT 0,
    conversions        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (experiment_id, variant_id)
);
