-- A phrase that a model wrote and the proof accepted, and what people made of it since.
--
-- The id is made from where the phrase stands and what it says, so that what was refused or retired
-- is known again and never proposed anew. `approved` is the hash of the approved wording that it was
-- proved against: where that changed, the phrase joins no letter. It names nobody.
-- purpose: words for letters, which people approve · retention: as long as the installation
create table phrases (
    id         text not null,
    life_event text not null,
    point      text not null,
    variant    integer not null,
    language   text not null,
    text       text not null,
    approved   text not null,
    state      text not null,
    evidence   text not null,
    measures   text not null,
    model      text not null,
    prompt     text not null,
    seed       integer not null,
    created_at text not null,
    constraint phrases_key primary key (id)
) strict;
create index phrases_in_state on phrases (state, life_event, point);

-- What one person decided about a phrase. Every decision is kept, also one that was not the last.
-- purpose: showing who answers for the words of letters, and why · retention: as long as the installation
create table phrase_decisions (
    phrase_id text not null,
    at        text not null,
    by_whom   text not null,
    action    text not null,
    because   text not null,
    constraint phrase_decisions_key primary key (phrase_id, at, by_whom, action),
    constraint phrase_decisions_phrase foreign key (phrase_id) references phrases (id)
) strict, without rowid;

-- That a model was asked about a phrase, and what came of it, so that it is not asked the same again.
--
-- The id is made from the phrase, what is approved, the model, the prompt, the range and the seeds.
-- purpose: going on where a run was stopped, counting why texts are refused · retention: as long as the installation
create table phrase_asks (
    id       text not null,
    asked_at text not null,
    body     text not null,
    constraint phrase_asks_key primary key (id)
) strict, without rowid;
