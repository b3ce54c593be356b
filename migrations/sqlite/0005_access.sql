-- A key with which a portal or register calls the API. Only the hash of the key is kept.
-- purpose: knowing who calls, and what they may do · retention: 365 days after it was revoked
create table portal_keys (
    id         text not null,
    name       text not null,
    hash       text not null,
    scopes     text not null,
    created_at text not null,
    revoked_at text,
    constraint portal_keys_key primary key (id),
    constraint portal_keys_hash unique (hash)
) strict;

-- A person who is signed in. Only the hash of the token is kept.
-- purpose: showing a person their own pages · retention: until it expires
create table sessions (
    hash       text not null,
    subject_id text not null,
    created_at text not null,
    expires_at text not null,
    constraint sessions_key primary key (hash),
    constraint sessions_subject foreign key (subject_id) references subjects (id)
) strict, without rowid;
create index sessions_expiry on sessions (expires_at);

-- One reading of one subject's data: who read what, for which purpose, on what legal basis.
--
-- Append-only but for the end of its retention. The subject may see their own rows.
-- purpose: accountability for every read · retention: 730 days
create table access_log (
    at          text not null,
    subject_id  text not null,
    reader      text not null,
    what        text not null,
    purpose     text not null,
    legal_basis text not null,
    constraint access_log_key primary key (subject_id, at, reader, what, purpose)
) strict, without rowid;
create index access_log_at on access_log (at);
