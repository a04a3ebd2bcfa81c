-- An Argon2id hash in the PHC string format; null until the account has a password.
alter table account add column password_hash text;

-- Who is signed in to the dashboard.
create table session (
    secret_sha256 bytea primary key not null,
    account_id uuid not null references account (id),
    created_at bigint not null,
    expires_at bigint not null
);
create index session_account on session (account_id);

-- Links that sign in once, without a password.
create table sign_in_link (
    secret_sha256 bytea primary key not null,
    account_id uuid not null references account (id),
    expires_at bigint not null
);

-- Wrong passwords, by the address that was given, whether it has an account or not.
create table sign_in_failure (
    email text primary key not null,
    failures bigint not null,
    expires_at bigint not null
);
