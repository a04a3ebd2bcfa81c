-- What asking a language model about an extraction took, over all of its attempts.
create table llm_usage (
    extraction_id blob primary key not null references extraction (id),
    batch_id blob,
    model text not null,
    calls integer not null,
    -- Questions that were answered by an answer kept from before.
    replayed integer not null,
    input_tokens integer not null,
    output_tokens integer not null,
    duration_ms integer not null,
    bytes_sent integer not null
) strict, without rowid;
create index llm_usage_batch on llm_usage (batch_id) where batch_id is not null;

-- Answers of a language model, so that the same question is asked once. Gone with the document they are about.
create table llm_answer (
    account_id blob not null references account (id),
    question_sha256 blob not null,
    document_id blob not null references document (id),
    answer text not null,
    created_at integer not null,
    primary key (account_id, question_sha256)
) strict, without rowid;
create index llm_answer_document on llm_answer (document_id);

-- That the language model does not answer, as the workers see it: one row, while it is so.
create table llm_outage (
    id integer primary key not null check (id = 1),
    since integer not null,
    -- When it is tried again.
    until integer not null,
    reason text not null
) strict, without rowid;
