-- A key with which a portal or register calls the API. Only the hash of the key is kept.
-- purpose: knowing who calls, and what they may do · retention: 365 days after it was revoked
create table portal_keys (
    id         text collate "C" not null,
    name       text collate "C" not null,
    hash       text collate "C" not null,
    scopes     text collate "C" not null,
    created_at text collate "C" not null,
    revoked_at text collate "C",
    constraint portal_keys_key primary key (id),
    constraint portal_keys_hash unique (hash)
);

-- A person who is signed in. Only the hash of the token is kept.
-- purpose: showing a person their own pages · retention: until it expires
create table sessions (
    hash       text collate "C" not null,
    subject_id text collate "C" not null,
    created_at text collate "C" not null,
    expires_at text collate "C" not null,
    constraint sessions_key primary key (hash),
    constraint sessions_subject foreign key (subject_id) references subjects (id)
);
create index sessions_expiry on sessions (expires_at);

-- One reading of one subject's data: who read what, for which purpose, on what legal basis.
--
-- Append-only but for the end of its retention. The subject may see their own rows.
-- purpose: accountability for every read · retention: 730 days
create table access_log (
    at          text collate "C" not null,
    subject_id  text collate "C" not null,
    reader      text collate "C" not null,
    what        text collate "C" not null,
    purpose     text collate "C" not null,
    legal_basis text collate "C" not null,
    constraint access_log_key primary key (subject_id, at, reader, what, purpose)
);
create index access_log_at on access_log (at);
