-- A proved text with slots for one shape of plan. Holds nothing about any person.
-- purpose: words that were proved once and are used again · retention: 30 days, and as long as a message refers to it
create table templates (
    id         text not null,
    shape      text not null,
    language   text not null,
    source     text not null,
    created_at text not null,
    body       text not null,
    constraint templates_key primary key (id)
) strict;
create index templates_of_shape on templates (shape, language, created_at);

-- A template filled for one person. One milestone, one recipient: one first letter, ever; one reminder
-- of a day, one correction.
--
-- `body` is the message without its text; `sealed` is the text, sealed with the keys of all of
-- `about`: its recipient and whoever plays a role.
-- purpose: telling the person · retention: until the person's data are erased
create table messages (
    id           text    not null,
    milestone_id text    not null,
    recipient_id text    not null,
    letter       text    not null,
    template_id  text    not null,
    source       text    not null,
    proved       integer not null,
    created_at   text    not null,
    body         text    not null,
    about        text    not null,
    sealed       text    not null,
    constraint messages_key primary key (id),
    constraint messages_identity unique (milestone_id, recipient_id, letter),
    constraint messages_milestone foreign key (milestone_id) references milestones (id) deferrable,
    constraint messages_recipient foreign key (recipient_id) references subjects (id),
    constraint messages_template foreign key (template_id) references templates (id)
) strict;
create index messages_of_recipient on messages (recipient_id);

-- One message on one channel: sent once, or held back for a stated reason.
-- purpose: sending once and to nobody who must not be written to · retention: as the message
create table deliveries (
    id           text not null,
    message_id   text not null,
    recipient_id text not null,
    channel      text not null,
    state        text not null,
    suppressed   text,
    claimed_at   text,
    sent_at      text,
    constraint deliveries_key primary key (id),
    constraint deliveries_identity unique (message_id, channel),
    constraint deliveries_message foreign key (message_id) references messages (id),
    constraint deliveries_recipient foreign key (recipient_id) references subjects (id)
) strict;
create index deliveries_of_recipient on deliveries (recipient_id, state, sent_at);

-- What a person did or said about a suggestion. Saying the same twice is saying it once.
-- purpose: doing what the person decided, measuring whether the message helped · retention: until the person's data are erased
create table outcomes (
    id            text not null,
    suggestion_id text not null,
    subject_id    text not null,
    kind          text not null,
    at            text not null,
    body          text not null,
    constraint outcomes_key primary key (id),
    constraint outcomes_suggestion foreign key (suggestion_id) references suggestions (id) deferrable,
    constraint outcomes_subject foreign key (subject_id) references subjects (id)
) strict;
create index outcomes_of_suggestion on outcomes (suggestion_id, at);
create index outcomes_of_subject on outcomes (subject_id, at);

-- A refusal of proactive service: all of it, a group of life events, or one.
--
-- A row whose `ended_at` is empty is in force. A refusal that was taken back stays, with its
-- end, so that one can show why nothing was sent at the time.
-- purpose: sending nothing to who does not want it · retention: until the person's data are erased
create table refusals (
    subject_id text not null,
    scope      text not null,
    since      text not null,
    ended_at   text,
    constraint refusals_key primary key (subject_id, scope, since),
    constraint refusals_subject foreign key (subject_id) references subjects (id)
) strict, without rowid;

-- An address at which a person chose to be told that a message waits, and with it their consent.
--
-- A row whose `ended_at` is empty is in force. One that was taken back stays without its address,
-- so that one can show that the consent was there when a notice was sent.
-- purpose: telling a person where they asked to be told · retention: until the person's data are erased; the address, which is sealed, until it is taken back
create table contacts (
    subject_id text not null,
    channel    text not null,
    since      text not null,
    address    text,
    ended_at   text,
    constraint contacts_key primary key (subject_id, channel, since),
    constraint contacts_subject foreign key (subject_id) references subjects (id)
) strict, without rowid;
