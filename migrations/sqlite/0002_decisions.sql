-- One life event happening to one subject on one day.
--
-- (life_event, subject_id, occurrence) is its identity, so the same event delivered twice makes
-- one milestone. `state` is the truth about where it stands; `body` is the milestone as decided.
-- purpose: noticing what opens or obliges public services · retention: until the subject's data are erased
create table milestones (
    id          text not null,
    life_event  text not null,
    subject_id  text not null,
    occurrence  text not null,
    occurred_on text not null,
    state       text not null,
    trace       text not null,
    changed_at  text not null,
    body        text not null,
    constraint milestones_key primary key (id),
    constraint milestones_identity unique (life_event, subject_id, occurrence),
    constraint milestones_subject foreign key (subject_id) references subjects (id)
) strict;
create index milestones_of_subject on milestones (subject_id, occurred_on);
create index milestones_changed on milestones (changed_at, id);

-- One service proposed to one person because of one milestone.
--
-- `state` is moved by what the person does and by withdrawals, never by a new evaluation.
-- purpose: telling a person which service concerns them, by when · retention: until the person's data are erased
create table suggestions (
    id           text not null,
    milestone_id text not null,
    service      text not null,
    recipient_id text not null,
    state        text not null,
    changed_at   text not null,
    body         text not null,
    constraint suggestions_key primary key (id),
    constraint suggestions_identity unique (milestone_id, service, recipient_id),
    constraint suggestions_milestone foreign key (milestone_id) references milestones (id) deferrable,
    constraint suggestions_recipient foreign key (recipient_id) references subjects (id)
) strict;
create index suggestions_of_recipient on suggestions (recipient_id, state);

-- The application prepared for one suggestion, each field with its provenance.
--
-- `body` is sealed with the keys of all of `about`: its recipient and whoever plays a role.
-- purpose: sparing the person what the state already knows · retention: 180 days after the suggestion left `open`
create table drafts (
    id            text not null,
    suggestion_id text not null,
    form          text not null,
    changed_at    text not null,
    about         text not null,
    body          text not null,
    constraint drafts_key primary key (id),
    constraint drafts_identity unique (suggestion_id),
    constraint drafts_suggestion foreign key (suggestion_id) references suggestions (id) deferrable
) strict;

-- One answer of one rule with everything it read, so that anyone can replay why.
--
-- `about` is the id of the milestone, suggestion or message that was decided.
-- purpose: accountability to the subject named · retention: as the decision that it explains
create table receipts (
    id         text not null,
    about      text not null,
    subject_id text not null,
    decided_at text not null,
    body       text not null,
    constraint receipts_key primary key (id),
    constraint receipts_subject foreign key (subject_id) references subjects (id)
) strict;
create index receipts_about on receipts (about, decided_at);

-- The next day on which time alone may bring a life event to a subject.
--
-- Computed when facts change, so that a day costs what is due that day and not the population.
-- purpose: milestones that the clock makes · retention: until the day came or the facts changed
create table due (
    subject_id text not null,
    life_event text not null,
    due_on     text not null,
    constraint due_key primary key (subject_id, life_event),
    constraint due_subject foreign key (subject_id) references subjects (id)
) strict, without rowid;
create index due_day on due (due_on, subject_id, life_event);
