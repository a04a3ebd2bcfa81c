-- What corrections taught. An extraction goes by the lessons that stood when it was made, so that running it again finds the
-- same; so a lesson is never changed, and what was removed stays. It outlives the document it was learned from.
create table lesson (
    id uuid primary key not null,
    account_id uuid not null references account (id),
    template_id uuid not null references template (id),
    -- The version that the corrected document had been read with.
    template_version bigint not null,
    -- The review item whose correction taught it.
    item_id uuid not null,
    field text not null,
    body text not null,
    created_at bigint not null,
    removed_at bigint
);
create index lesson_template on lesson (template_id, id);
create index lesson_item on lesson (item_id);
