-- Ids are UUIDv7 (they sort by creation); times are milliseconds since 1970, UTC.

create table account (
    id uuid primary key not null,
    email text not null unique,
    plan text not null,
    is_admin boolean not null,
    created_at bigint not null,
    -- Where the account's next batch starts in the fair order of the queue.
    virtual_finish bigint not null default 0
);

create table api_key (
    id uuid primary key not null,
    account_id uuid not null references account (id),
    name text,
    secret_sha256 bytea not null unique,
    prefix text not null,
    created_at bigint not null,
    last_used_at bigint,
    revoked_at bigint
);
create index api_key_account on api_key (account_id, id);

create table template (
    id uuid primary key not null,
    account_id uuid not null references account (id),
    -- The latest.
    version bigint not null,
    created_at bigint not null,
    hidden_at bigint
);
create index template_account on template (account_id, id);

create table template_version (
    template_id uuid not null references template (id),
    version bigint not null,
    spec text not null,
    created_at bigint not null,
    primary key (template_id, version)
);

create table document (
    id uuid primary key not null,
    account_id uuid not null references account (id),
    filename text not null,
    media_type text not null,
    bytes bigint not null,
    sha256 text not null,
    pages bigint,
    created_at bigint not null
);
create index document_account on document (account_id, id);
create index document_sha256 on document (sha256);

create table batch (
    id uuid primary key not null,
    account_id uuid not null references account (id),
    name text not null,
    template_id uuid not null,
    template_version bigint not null,
    tier text not null,
    metadata text,
    created_at bigint not null,
    started_at bigint,
    finished_at bigint,
    cancelled_at bigint,
    foreign key (template_id, template_version) references template_version (template_id, version)
);
create index batch_account on batch (account_id, id);

-- The job and the state of its result. It is small because it is hot: what a worker found is in extraction_result.
create table extraction (
    id uuid primary key not null,
    account_id uuid not null references account (id),
    batch_id uuid references batch (id),
    position bigint not null,
    document_id uuid not null references document (id),
    custom_id text,
    template_id uuid not null,
    template_version bigint not null,
    tier text not null,
    status text not null,
    -- The smallest is claimed first.
    order_key bigint not null,
    not_before bigint not null default 0,
    attempt bigint not null default 0,
    worker text,
    lease_until bigint,
    created_at bigint not null,
    started_at bigint,
    finished_at bigint,
    -- The first instant of the month whose quota paid for it.
    debit_month bigint not null,
    foreign key (template_id, template_version) references template_version (template_id, version)
);
create index extraction_pending on extraction (order_key, id, created_at) where status = 'pending';
create index extraction_running on extraction (lease_until, order_key) where status = 'running';
create index extraction_batch on extraction (batch_id, position) where batch_id is not null;
create index extraction_counts on extraction (batch_id, status, position) where batch_id is not null;
create index extraction_document on extraction (document_id);

create table extraction_result (
    extraction_id uuid primary key not null references extraction (id),
    engine text,
    warnings text,
    error text,
    -- Last, so that lists without fields need not read it.
    fields text
);

create table usage (
    account_id uuid not null references account (id),
    month bigint not null,
    used bigint not null,
    primary key (account_id, month)
);
