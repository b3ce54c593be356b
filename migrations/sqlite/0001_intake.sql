-- An event that a register sent and intake accepted, exactly as it was accepted.
--
-- A register delivers at least once, so (source, source_event_id) is the event's identity:
-- a repeat is answered with the first, and this table never holds one twice. Append-only:
-- no statement of ours changes or deletes a row, because every decision is replayed from here.
-- purpose: proof of what was told, replay · retention: as long as a decision that rests on it can be contested; the operator archives, the engine never deletes
create table journal (
    id              text    not null,
    source          text    not null,
    source_event_id text    not null,
    kind            text    not null,
    occurred_at     text    not null,
    received_at     text    not null,
    trace           text    not null,
    data            text    not null,
    constraint journal_key primary key (id),
    constraint journal_identity unique (source, source_event_id)
) strict;
create index journal_order on journal (received_at, id);

-- Input that intake did not accept, with the reason and the raw text, so that it can be repaired.
--
-- The id is made from source and raw text: the same bad line sent again is counted, not stored again.
-- purpose: repair of faulty input · retention: 90 days after it was last seen, as raw input may hold personal data
create table quarantine (
    id             text    not null,
    source         text    not null,
    place          text    not null,
    code           text    not null,
    reason         text    not null,
    raw            text    not null,
    first_seen_at  text    not null,
    last_seen_at   text    not null,
    seen           integer not null,
    resolved_at    text,
    constraint quarantine_key primary key (id)
) strict;
create index quarantine_last_seen on quarantine (last_seen_at);

-- Someone or something that facts are about, by pseudonym.
--
-- `identifier` is the one column that names a person: it fills the person's own draft and is
-- read for nothing else. It is to be encrypted at rest by a later migration. A display name
-- does not stand here: it is a fact like any other, with a source.
-- purpose: who a pseudonym is, for their own draft; language of messages · retention: until the subject's data are erased
create table subjects (
    id         text    not null,
    kind       text    not null,
    identifier text,
    language   text    not null,
    constraint subjects_key primary key (id)
) strict;
create index subjects_kind on subjects (kind, id);

-- One attribute of one subject, as one event of one register told it.
--
-- Bitemporal: `valid_*` says when it holds in the world, `known_*` from when to when we believed
-- it. A correction is a new row; a withdrawal ends `known_until`; what a row says never changes.
-- The key puts what is known of one subject side by side: it is always read together. `event_kind`
-- repeats what the journal says of the event, so that it need not be looked up for each fact.
-- purpose: deciding which public services concern the subject, filling their application · retention: until the subject's data are erased
create table facts (
    id          text    not null,
    subject_id  text    not null,
    attribute   text    not null,
    value       text    not null,
    valid_from  text    not null,
    valid_until text,
    known_from  text    not null,
    known_until text,
    register    text    not null,
    record      text,
    legal_basis text    not null,
    event_id    text    not null,
    event_kind  text    not null,
    constraint facts_key primary key (subject_id, attribute, id),
    constraint facts_id unique (id),
    constraint facts_subject foreign key (subject_id) references subjects (id),
    constraint facts_event foreign key (event_id) references journal (id)
) strict, without rowid;
create index facts_of_event on facts (event_id);

-- One subject that the value of a fact points to, so that "whose mother is this person?" is one look-up.
--
-- A list of owners makes one row for each owner.
-- purpose: finding the subjects that a fact concerns · retention: as the fact
create table fact_links (
    object_id text not null,
    attribute text not null,
    fact_id   text not null,
    constraint fact_links_key primary key (object_id, attribute, fact_id),
    constraint fact_links_fact foreign key (fact_id) references facts (id)
) strict, without rowid;

-- An event that its register took back.
--
-- Kept apart from the facts because the withdrawal may arrive before the event that it withdraws;
-- the event's facts are then stored as withdrawn from the first.
-- purpose: correctness whatever the order of arrival · retention: as the journal
create table withdrawals (
    event_id     text not null,
    withdrawn_at text not null,
    constraint withdrawals_key primary key (event_id)
) strict, without rowid;
