create table webhook (
    id uuid primary key not null,
    account_id uuid not null references account (id),
    url text not null,
    -- Signs what is sent, so it is kept as it is.
    secret bytea not null,
    -- Names with commas between.
    events text not null,
    created_at bigint not null,
    -- Attempts in a row that got no answer, and until when the address is left alone for that.
    silences bigint not null default 0,
    paused_until bigint not null default 0
);
create index webhook_account on webhook (account_id, id);

-- The outbox as well as the log. Written where the event happens, in a transaction that must not wait for a webhook's
-- removal: so nothing is referenced, and what belongs to no webhook is never sent.
create table webhook_delivery (
    id uuid primary key not null,
    webhook_id uuid not null,
    event text not null,
    payload text not null,
    status text not null,
    attempts bigint not null default 0,
    created_at bigint not null,
    -- When it is due; a lease while it is being sent.
    due_at bigint not null,
    -- When it is given up.
    expires_at bigint not null,
    last_attempt_at bigint,
    response_status bigint,
    error text
);
create index webhook_delivery_due on webhook_delivery (due_at) where status = 'pending';
create index webhook_delivery_webhook on webhook_delivery (webhook_id, id);
create index webhook_delivery_age on webhook_delivery (created_at);
