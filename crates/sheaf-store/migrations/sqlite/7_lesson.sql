-- What corrections taught. An extraction goes by the lessons that stood when it was made, so that running it again finds the
-- same; so a lesson is never changed, and what was removed stays. It outlives the document it was learned from.
create table lesson (
    id blob primary key not null,
    account_id blob not null references account (id),
    template_id blob not null references template (id),
    -- The version that the corrected document had been read with.
    template_version integer not null,
    -- The review item whose correction taught it.
    item_id blob not null,
    field text not null,
    body text not null,
    created_at integer not null,
    removed_at integer
) strict, without rowid;
create index lesson_template on lesson (template_id, id);
create index lesson_item on lesson (item_id);
