-- A field of an extraction that needs or needed a look; what it says stands in the extraction's result.
create table review_item (
    id blob primary key not null,
    account_id blob not null references account (id),
    batch_id blob,
    extraction_id blob not null references extraction (id),
    field text not null,
    -- How sure the value was when the item was made, 0 to 1: the least sure are looked at first.
    confidence real not null,
    created_at integer not null,
    resolved_at integer,
    unique (extraction_id, field)
) strict, without rowid;
create index review_item_account on review_item (account_id, id);
create index review_item_open on review_item (account_id, confidence, id) where resolved_at is null;

-- Every decision, only ever added to.
create table review_decision (
    id blob primary key not null,
    item_id blob not null references review_item (id) on delete cascade,
    account_id blob not null references account (id),
    action text not null,
    -- The field's whole result before it, as JSON.
    field_before text not null,
    -- The value given, as JSON; null where none was.
    corrected text,
    notes text,
    created_at integer not null
) strict, without rowid;
create index review_decision_item on review_decision (item_id, id);
