create table webhook (
    id blob primary key not null,
    account_id blob not null references account (id),
    url text not null,
    -- Signs what is sent, so it is kept as it is.
    secret blob not null,
    -- Names with commas between.
    events text not null,
    created_at integer not null,
    -- Attempts in a row that got no answer, and until when the address is left alone for that.
    silences integer not null default 0,
    paused_until integer not null default 0
) strict, without rowid;
create index webhook_account on webhook (account_id, id);

-- The outbox as well as the log. Written where the event happens, in a transaction that must not wait for a webhook's
-- removal: so nothing is referenced, and what belongs to no webhook is never sent.
create table webhook_delivery (
    id blob primary key not null,
    webhook_id blob not null,
    event text not null,
    payload text not null,
    status text not null,
    attempts integer not null default 0,
    created_at integer not null,
    -- When it is due; a lease while it is being sent.
    due_at integer not null,
    -- When it is given up.
    expires_at integer not null,
    last_attempt_at integer,
    response_status integer,
    error text
) strict, without rowid;
create index webhook_delivery_due on webhook_delivery (due_at) where status = 'pending';
create index webhook_delivery_webhook on webhook_delivery (webhook_id, id);
create index webhook_delivery_age on webhook_delivery (created_at);
