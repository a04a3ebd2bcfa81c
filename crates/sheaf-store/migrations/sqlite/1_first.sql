-- Ids are UUIDv7 as 16 bytes (they sort by creation); times are milliseconds since 1970, UTC.

create table account (
    id blob primary key not null,
    email text not null unique,
    plan text not null,
    is_admin integer not null,
    created_at integer not null,
    -- Where the account's next batch starts in the fair order of the queue.
    virtual_finish integer not null default 0
) strict, without rowid;

create table api_key (
    id blob primary key not null,
    account_id blob not null references account (id),
    name text,
    secret_sha256 blob not null unique,
    prefix text not null,
    created_at integer not null,
    last_used_at integer,
    revoked_at integer
) strict, without rowid;
create index api_key_account on api_key (account_id, id);

create table template (
    id blob primary key not null,
    account_id blob not null references account (id),
    -- The latest.
    version integer not null,
    created_at integer not null,
    hidden_at integer
) strict, without rowid;
create index template_account on template (account_id, id);

create table template_version (
    template_id blob not null references template (id),
    version integer not null,
    spec text not null,
    created_at integer not null,
    primary key (template_id, version)
) strict;

create table document (
    id blob primary key not null,
    account_id blob not null references account (id),
    filename text not null,
    media_type text not null,
    bytes integer not null,
    sha256 text not null,
    pages integer,
    created_at integer not null
) strict, without rowid;
create index document_account on document (account_id, id);
create index document_sha256 on document (sha256);

create table batch (
    id blob primary key not null,
    account_id blob not null references account (id),
    name text not null,
    template_id blob not null,
    template_version integer not null,
    tier text not null,
    metadata text,
    created_at integer not null,
    started_at integer,
    finished_at integer,
    cancelled_at integer,
    foreign key (template_id, template_version) references template_version (template_id, version)
) strict, without rowid;
create index batch_account on batch (account_id, id);

-- The job and the state of its result. It is small because it is hot: what a worker found is in extraction_result.
create table extraction (
    id blob primary key not null,
    account_id blob not null references account (id),
    batch_id blob references batch (id),
    position integer not null,
    document_id blob not null references document (id),
    custom_id text,
    template_id blob not null,
    template_version integer not null,
    tier text not null,
    status text not null,
    -- The smallest is claimed first.
    order_key integer not null,
    not_before integer not null default 0,
    attempt integer not null default 0,
    worker text,
    lease_until integer,
    created_at integer not null,
    started_at integer,
    finished_at integer,
    -- The first instant of the month whose quota paid for it.
    debit_month integer not null,
    foreign key (template_id, template_version) references template_version (template_id, version)
) strict, without rowid;
create index extraction_pending on extraction (order_key, id, created_at) where status = 'pending';
create index extraction_running on extraction (lease_until, order_key) where status = 'running';
create index extraction_batch on extraction (batch_id, position) where batch_id is not null;
create index extraction_counts on extraction (batch_id, status, position) where batch_id is not null;
create index extraction_document on extraction (document_id);

create table extraction_result (
    extraction_id blob primary key not null references extraction (id),
    engine text,
    warnings text,
    error text,
    -- Last, so that lists without fields need not read it.
    fields text
) strict;

create table usage (
    account_id blob not null references account (id),
    month integer not null,
    used integer not null,
    primary key (account_id, month)
) strict, without rowid;
