-- Claims before the last retry: they count no more, and `attempt` never goes back, so that it names a claim for good.
alter table extraction add column attempts_before bigint not null default 0;

-- What a request that creates was answered, so that it can be sent again without creating twice.
create table idempotency_key (
    account_id uuid not null references account (id),
    key text not null,
    request_sha256 bytea not null,
    -- Who runs it, while `lease_until` is set.
    runner uuid not null,
    lease_until bigint,
    -- What was created, as JSON; null until it is.
    answer text,
    expires_at bigint not null,
    primary key (account_id, key)
);
create index idempotency_key_expiry on idempotency_key (expires_at);
