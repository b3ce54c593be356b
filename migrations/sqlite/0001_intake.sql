-- An event that a register sent and intake accepted, exactly as it was accepted.
--
-- A register delivers at least once, so (source, source_event_id) is the event's identity:
-- a repeat is answered with the first, and this table never holds one twice. Append-only:
-- no statement of ours changes or deletes a row, because every decision is replayed from here.
-- `about` lists whom it names, by pseudonym; `data` is sealed with the keys of all of them, so it
-- can be read until one of them is erased.
-- purpose: proof of what was told, replay · retention: as long as a decision that rests on it can be contested; the operator archives, the engine never deletes
create table journal (
    id              text    not null,
    source          text    not null,
    source_event_id text    not null,
    kind            text    not null,
    occurred_at     text    not null,
    received_at     text    not null,
    trace           text    not null,
    about           text    not null,
    data            text    not null,
    constraint journal_key primary key (id),
    constraint journal_identity unique (source, source_event_id)
) strict;
create index journal_order on journal (received_at, id);

-- Input that intake did not accept, with the reason and the raw text, so that it can be repaired.
--
-- `raw` is sealed. The id is made from source and raw text: the same bad line sent again is counted, not stored again.
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

-- The key with which all that names one subject is sealed, wrapped by the master key `master`.
--
-- Destroying the row closes it all at once, in every table. Refers to nothing: a key is made
-- before its subject is stored, and one of them belongs to input that is about nobody known.
-- purpose: keeping identity unreadable at rest, erasing it · retention: until the subject's data are erased
create table subject_keys (
    subject_id text not null,
    master     text not null,
    wrapped    text not null,
    constraint subject_keys_key primary key (subject_id)
) strict, without rowid;

-- Someone or something that facts are about, by pseudonym.
--
-- `identifier` is what registers call the subject, sealed: it fills the person's own draft and is
-- read for nothing else. A display name does not stand here: it is a fact like any other, with a
-- source.
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
-- The key puts what is known of one subject side by side: it is always read together, and found
-- by its subject alone (the journal tells whom an event is about), so no other index is kept up.
-- `event_kind` repeats what the journal says of the event, so that it need not be looked up for
-- each fact.
-- The value of a personal attribute and the number of a record are sealed with the subject's key.
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
    constraint facts_subject foreign key (subject_id) references subjects (id),
    constraint facts_event foreign key (event_id) references journal (id)
) strict, without rowid;

-- One subject that an attribute of another points to, or ever pointed, so that "whose mother is this
-- person?" is one look-up.
--
-- A list of owners makes one row for each owner.
-- purpose: finding the subjects that a fact concerns · retention: as the fact
create table fact_links (
    object_id  text not null,
    attribute  text not null,
    subject_id text not null,
    constraint fact_links_key primary key (object_id, attribute, subject_id),
    constraint fact_links_subject foreign key (subject_id) references subjects (id)
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
