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
-- Append-only but for the end of its retention. The subject may see their own rows. `leaf` is
-- its place in the Merkle tree of `access_tiles`, given by whoever merges next; a row that was
-- changed afterwards does not hash to its leaf any more.
-- purpose: accountability for every read · retention: 730 days
create table access_log (
    at          text collate "C" not null,
    subject_id  text collate "C" not null,
    reader      text collate "C" not null,
    what        text collate "C" not null,
    purpose     text collate "C" not null,
    legal_basis text collate "C" not null,
    leaf        bigint,
    constraint access_log_leaf unique (leaf),
    constraint access_log_key primary key (subject_id, at, reader, what, purpose)
);
create index access_log_at on access_log (at);
create index access_log_unmerged on access_log (at) where leaf is null;

-- Up to 256 neighbouring hashes of one level of the Merkle tree over all readings.
--
-- Level 0 holds the hashes of the leaves, level n one hash for each full tile of level n - 1, as
-- transparency logs lay their trees out. Hashes only; hashes are added and never changed.
-- purpose: proof that the log of readings is whole · retention: for ever, as it names nobody
create table access_tiles (
    level  bigint not null,
    place  bigint not null,
    hashes text collate "C" not null,
    constraint access_tiles_key primary key (level, place)
);

-- A signed head of that tree: how many readings there were, and the one hash of them all.
--
-- Heads are only added. The last one is the tree as it stands; earlier ones let whoever kept a
-- copy show that nothing was changed since.
-- purpose: proof that the log of readings is whole · retention: for ever, as it names nobody
create table access_heads (
    size      bigint not null,
    root      text collate "C" not null,
    merged_at text collate "C" not null,
    note      text collate "C" not null,
    constraint access_heads_key primary key (size)
);

-- That one subject's data were erased: when, by whom, on what law, and what is left to prove by.
--
-- `proof` holds hashes and counts. The subject goes by a pseudonym that leads to nobody any more.
-- purpose: proof of the erasure, repeating it after an older backup was restored · retention: for ever, as it names nobody
create table erasures (
    id          text collate "C" not null,
    subject_id  text collate "C" not null,
    erased_at   text collate "C" not null,
    erased_by   text collate "C" not null,
    legal_basis text collate "C" not null,
    proof       text collate "C" not null,
    constraint erasures_key primary key (id)
);
create index erasures_of_subject on erasures (subject_id);
