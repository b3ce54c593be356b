-- differs: the number of a turn is given by the database, each in its own way.

-- One moment at which something derived was decided anew, in the order in which it was.
--
-- Facts say what was known when, a turn says what was looked at when: milestones, suggestions,
-- drafts, receipts and due days can be made again from both, to the same bytes. `body` holds ids.
-- Append-only.
-- purpose: making what is derived again, and proving that it follows · retention: as the journal
create table turns (
    number integer not null,
    at     text not null,
    pack   text not null,
    trace  text not null,
    body   text not null,
    constraint turns_key primary key (number autoincrement)
) strict;
