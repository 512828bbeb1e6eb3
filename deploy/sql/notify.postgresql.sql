-- Tells winburn of every change as it is committed: LISTEN winburn. Run it as the owner of the tables, after they exist;
-- it may be run again. Tables that are not there are left out.
--
--   psql shop -f notify.postgresql.sql
--
-- The payload is {"table": …, "at": …}: the table, and the time of the statement by the database's clock in Unix
-- seconds, to 10 ms. PostgreSQL delivers at the commit, equal payloads of one transaction once: a statement that changes
-- a million rows is one message, and a thousand quick statements are few. Without a listener nothing is kept.

CREATE OR REPLACE FUNCTION winburn_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('winburn', json_build_object(
        'table', TG_TABLE_NAME,
        'at', round(extract(epoch FROM clock_timestamp())::numeric, 2)
    )::text);
    RETURN NULL;
END
$$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['variants', 'variant_performance', 'variant_monitoring', 'variant_kills',
                                'pattern_usage', 'threads_posts', 'hook_variants', 'experiment_variants'] LOOP
        IF to_regclass(name) IS NOT NULL THEN
            EXECUTE format('DROP TRIGGER IF EXISTS winburn_notify ON %I', name);
            EXECUTE format('CREATE TRIGGER winburn_notify AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I '
                           'FOR EACH STATEMENT EXECUTE FUNCTION winburn_notify()', name);
        END IF;
    END LOOP;
END
$$;
