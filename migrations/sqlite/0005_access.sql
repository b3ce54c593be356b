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
-- Append-only but for the end of its retention. The subject may see their own rows. `leaf` is
-- its place in the Merkle tree of `access_tiles`, given by whoever merges next; a row that was
-- changed afterwards does not hash to its leaf any more.
-- purpose: accountability for every read · retention: 730 days
create table access_log (
    at          text not null,
    subject_id  text not null,
    reader      text not null,
    what        text not null,
    purpose     text not null,
    legal_basis text not null,
    leaf        integer,
    constraint access_log_leaf unique (leaf),
    constraint access_log_key primary key (subject_id, at, reader, what, purpose)
) strict, without rowid;
create index access_log_at on access_log (at);
create index access_log_unmerged on access_log (at) where leaf is null;

-- Up to 256 neighbouring hashes of one level of the Merkle tree over all readings.
--
-- Level 0 holds the hashes of the leaves, level n one hash for each full tile of level n - 1, as
-- transparency logs lay their trees out. Hashes only; hashes are added and never changed.
-- purpose: proof that the log of readings is whole · retention: for ever, as it names nobody
create table access_tiles (
    level  integer not null,
    place  integer not null,
    hashes text not null,
    constraint access_tiles_key primary key (level, place)
) strict, without rowid;

-- A signed head of that tree: how many readings there were, and the one hash of them all.
--
-- Heads are only added. The last one is the tree as it stands; earlier ones let whoever kept a
-- copy show that nothing was changed since.
-- purpose: proof that the log of readings is whole · retention: for ever, as it names nobody
create table access_heads (
    size      integer not null,
    root      text not null,
    merged_at text not null,
    note      text not null,
    constraint access_heads_key primary key (size)
) strict, without rowid;

-- That one subject's data were erased: when, by whom, on what law, and what is left to prove by.
--
-- `proof` holds hashes and counts. The subject goes by a pseudonym that leads to nobody any more.
-- purpose: proof of the erasure, repeating it after an older backup was restored · retention: for ever, as it names nobody
create table erasures (
    id          text not null,
    subject_id  text not null,
    erased_at   text not null,
    erased_by   text not null,
    legal_basis text not null,
    proof       text not null,
    constraint erasures_key primary key (id)
) strict;
create index erasures_of_subject on erasures (subject_id);
