-- Content variants for winburn (engagement: {tables: threads}), PostgreSQL 12 and later. Only the tables that you fill
-- are needed. Times carry their zone, counts are cumulative and updated in place.
--
--   psql shop -f variants.postgresql.sql

CREATE TABLE variants (
    id            text PRIMARY KEY,
    persona_id    text NOT NULL,
    pattern_used  text,
    predicted_er  double precision CHECK (predicted_er > 0 AND predicted_er < 1),
    content       text NOT NULL DEFAULT '',
    status        text NOT NULL DEFAULT 'active',
    posted_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX variants_by_time ON variants (posted_at DESC);

-- What happened to each variant: impressions, and the interactions (likes, comments, shares) with it.
CREATE TABLE variant_performance (
    variant_id   text PRIMARY KEY,
    dimensions   jsonb NOT NULL DEFAULT '{}',
    impressions  bigint NOT NULL DEFAULT 0 CHECK (impressions >= 0),
    successes    bigint NOT NULL DEFAULT 0 CHECK (successes >= 0),
    last_used    timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now()
);

-- A time in which a variant is watched, with the thresholds of rule: threshold.
CREATE TABLE variant_monitoring (
    id                        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    variant_id                text NOT NULL,
    persona_id                text NOT NULL,
    post_id                   text,
    expected_engagement_rate  double precision NOT NULL,
    kill_threshold            double precision NOT NULL DEFAULT 0.5,
    min_interactions          integer NOT NULL DEFAULT 10,
    timeout_minutes           integer NOT NULL DEFAULT 10,
    started_at                timestamptz NOT NULL DEFAULT now(),
    ended_at                  timestamptz,
    is_active                 boolean NOT NULL DEFAULT true,
    was_killed                boolean NOT NULL DEFAULT false,
    kill_reason               text
);
CREATE INDEX variant_monitoring_by_start ON variant_monitoring (started_at);
CREATE INDEX variant_monitoring_kills ON variant_monitoring (ended_at) WHERE was_killed;

CREATE TABLE variant_kills (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    variant_id  text NOT NULL,
    persona_id  text NOT NULL,
    reason      text NOT NULL,
    posted_at   timestamptz NOT NULL,
    killed_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX variant_kills_by_time ON variant_kills (killed_at);

-- Each use of a pattern; counts of its post come from threads_posts.
CREATE TABLE pattern_usage (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    persona_id  text NOT NULL,
    pattern_id  text NOT NULL,
    post_id     text NOT NULL,
    used_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX pattern_usage_by_time ON pattern_usage (used_at, persona_id, pattern_id);

CREATE TABLE threads_posts (
    thread_id          text PRIMARY KEY,
    persona_id         text NOT NULL,
    published_at       timestamptz NOT NULL DEFAULT now(),
    impressions_count  bigint NOT NULL DEFAULT 0,
    likes_count        bigint NOT NULL DEFAULT 0,
    comments_count     bigint NOT NULL DEFAULT 0,
    shares_count       bigint NOT NULL DEFAULT 0,
    updated_at         timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE experiments (
    experiment_id       text PRIMARY KEY,
    name                text NOT NULL,
    status              text NOT NULL DEFAULT 'draft',
    control_variant_id  text
);

CREATE TABLE experiment_variants (
    experiment_id      text NOT NULL REFERENCES experiments,
    variant_id         text NOT NULL,
    allocated_traffic  double precision NOT NULL,
    impressions        bigint NOT NULL DEFAULT 0,
    conversions        bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (experiment_id, variant_id)
);
