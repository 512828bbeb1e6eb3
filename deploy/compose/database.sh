#!/bin/sh
# Run once by the PostgreSQL image, in a new data folder: who may do what, and the example's visits.
set -eu

# psql reads the passwords itself: arguments can be seen by others.
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL'
\set state_password `cat "${SECRETS:-/run/secrets}/state_password"`
\set shop_password `cat "${SECRETS:-/run/secrets}/shop_password"`
CREATE ROLE winburn LOGIN PASSWORD :'state_password';
CREATE ROLE winburn_reader LOGIN PASSWORD :'shop_password';
ALTER ROLE winburn_reader SET default_transaction_read_only = on;
CREATE DATABASE winburn OWNER winburn;
CREATE DATABASE shop;
REVOKE CONNECT ON DATABASE winburn FROM PUBLIC;
REVOKE CONNECT ON DATABASE shop FROM PUBLIC;
GRANT CONNECT ON DATABASE shop TO winburn_reader;
\connect shop
CREATE TABLE visits (
    at        timestamptz NOT NULL DEFAULT now(),
    variant   text NOT NULL,
    converted integer NOT NULL CHECK (converted IN (0, 1))
);
INSERT INTO visits (variant, converted)
    SELECT 'blue', (i % 10 = 0)::integer FROM generate_series(1, 4000) AS i
    UNION ALL
    SELECT 'green', (i % 8 = 0)::integer FROM generate_series(1, 4000) AS i;
GRANT SELECT ON visits TO winburn_reader;
SQL
