-- The two roles of the platform and their database, for psql as a superuser. Safe to run again:
-- that is also how the passwords are changed.
--
-- consonant_owner owns the tables and runs migrations. consonant_app is what every process speaks as:
-- it owns nothing and row-level security binds it, so a forgotten WHERE shows no other tenant's row.
-- The passwords come from the files that OWNER_PASSWORD_FILE and APP_PASSWORD_FILE name,
-- never from an argument, where other users of the machine could read them.

\set ON_ERROR_STOP on
\set owner_password `cat "$OWNER_PASSWORD_FILE"`
\set app_password `cat "$APP_PASSWORD_FILE"`

SELECT 'CREATE ROLE consonant_owner' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'consonant_owner') \gexec
SELECT 'CREATE ROLE consonant_app' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'consonant_app') \gexec

ALTER ROLE consonant_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION
    PASSWORD :'owner_password';
ALTER ROLE consonant_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT
    PASSWORD :'app_password';

SELECT 'CREATE DATABASE consonant OWNER consonant_owner'
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'consonant') \gexec
REVOKE ALL ON DATABASE consonant FROM PUBLIC;
GRANT CONNECT ON DATABASE consonant TO consonant_app;

\connect consonant
REVOKE ALL ON SCHEMA public FROM PUBLIC;
-- What the app role may do with the tables follows in the first migration, which the owner runs.
