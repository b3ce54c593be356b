-- A proved text with slots for one shape of plan. Holds nothing about any person.
-- purpose: words that were proved once and are used again · retention: 30 days, and as long as a message refers to it
create table templates (
    id         text collate "C" not null,
    shape      text collate "C" not null,
    language   text collate "C" not null,
    source     text collate "C" not null,
    created_at text collate "C" not null,
    body       text collate "C" not null,
    constraint templates_key primary key (id)
);
create index templates_of_shape on templates (shape, language, created_at);

-- A template filled for one person. One milestone, one recipient: one first letter, ever; one reminder
-- of a day, one correction.
--
-- `body` is the message without its text; `sealed` is the text, sealed with the keys of all of
-- `about`: its recipient and whoever plays a role.
-- purpose: telling the person · retention: until the person's data are erased
create table messages (
    id           text collate "C" not null,
    milestone_id text collate "C" not null,
    recipient_id text collate "C" not null,
    letter       text collate "C" not null,
    template_id  text collate "C" not null,
    source       text collate "C" not null,
    proved       bigint not null,
    created_at   text collate "C" not null,
    body         text collate "C" not null,
    about        text collate "C" not null,
    sealed       text collate "C" not null,
    constraint messages_key primary key (id),
    constraint messages_identity unique (milestone_id, recipient_id, letter),
    constraint messages_milestone foreign key (milestone_id) references milestones (id) deferrable,
    constraint messages_recipient foreign key (recipient_id) references subjects (id),
    constraint messages_template foreign key (template_id) references templates (id)
);
create index messages_of_recipient on messages (recipient_id);

-- One message on one channel: sent once, or held back for a stated reason.
-- purpose: sending once and to nobody who must not be written to · retention: as the message
create table deliveries (
    id           text collate "C" not null,
    message_id   text collate "C" not null,
    recipient_id text collate "C" not null,
    channel      text collate "C" not null,
    state        text collate "C" not null,
    suppressed   text collate "C",
    claimed_at   text collate "C",
    sent_at      text collate "C",
    constraint deliveries_key primary key (id),
    constraint deliveries_identity unique (message_id, channel),
    constraint deliveries_message foreign key (message_id) references messages (id),
    constraint deliveries_recipient foreign key (recipient_id) references subjects (id)
);
create index deliveries_of_recipient on deliveries (recipient_id, state, sent_at);

-- What a person did or said about a suggestion. Saying the same twice is saying it once.
-- purpose: doing what the person decided, measuring whether the message helped · retention: until the person's data are erased
create table outcomes (
    id            text collate "C" not null,
    suggestion_id text collate "C" not null,
    subject_id    text collate "C" not null,
    kind          text collate "C" not null,
    at            text collate "C" not null,
    body          text collate "C" not null,
    constraint outcomes_key primary key (id),
    constraint outcomes_suggestion foreign key (suggestion_id) references suggestions (id) deferrable,
    constraint outcomes_subject foreign key (subject_id) references subjects (id)
);
create index outcomes_of_suggestion on outcomes (suggestion_id, at);
create index outcomes_of_subject on outcomes (subject_id, at);

-- A refusal of proactive service: all of it, a group of life events, or one.
--
-- A row whose `ended_at` is empty is in force. A refusal that was taken back stays, with its
-- end, so that one can show why nothing was sent at the time.
-- purpose: sending nothing to who does not want it · retention: until the person's data are erased
create table refusals (
    subject_id text collate "C" not null,
    scope      text collate "C" not null,
    since      text collate "C" not null,
    ended_at   text collate "C",
    constraint refusals_key primary key (subject_id, scope, since),
    constraint refusals_subject foreign key (subject_id) references subjects (id)
);

-- An address at which a person chose to be told that a message waits, and with it their consent.
--
-- A row whose `ended_at` is empty is in force. One that was taken back stays without its address,
-- so that one can show that the consent was there when a notice was sent.
-- purpose: telling a person where they asked to be told · retention: until the person's data are erased; the address, which is sealed, until it is taken back
create table contacts (
    subject_id text collate "C" not null,
    channel    text collate "C" not null,
    since      text collate "C" not null,
    address    text collate "C",
    ended_at   text collate "C",
    constraint contacts_key primary key (subject_id, channel, since),
    constraint contacts_subject foreign key (subject_id) references subjects (id)
);
