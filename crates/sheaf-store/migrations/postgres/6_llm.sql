-- What asking a language model about an extraction took, over all of its attempts.
create table llm_usage (
    extraction_id uuid primary key not null references extraction (id),
    batch_id uuid,
    model text not null,
    calls bigint not null,
    -- Questions that were answered by an answer kept from before.
    replayed bigint not null,
    input_tokens bigint not null,
    output_tokens bigint not null,
    duration_ms bigint not null,
    bytes_sent bigint not null
);
create index llm_usage_batch on llm_usage (batch_id) where batch_id is not null;

-- Answers of a language model, so that the same question is asked once. Gone with the document they are about.
create table llm_answer (
    account_id uuid not null references account (id),
    question_sha256 bytea not null,
    document_id uuid not null references document (id),
    answer text not null,
    created_at bigint not null,
    primary key (account_id, question_sha256)
);
create index llm_answer_document on llm_answer (document_id);

-- That the language model does not answer, as the workers see it: one row, while it is so.
create table llm_outage (
    id bigint primary key not null check (id = 1),
    since bigint not null,
    -- When it is tried again.
    until bigint not null,
    reason text not null
);
