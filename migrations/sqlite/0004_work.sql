-- A piece of work that follows from something stored in the same transaction.
--
-- The id is made from the kind and from what the work is about, so asking twice makes one row.
-- `rerun` remembers that the work was asked for again while it was running: it may have read
-- too early, so it goes back to the queue when it completes. (locked_by, attempts) is the token
-- of a claim: a worker that lost its lease can change nothing. What is not due yet is `waiting`,
-- so that the index of what is due holds nothing else; it is ordered within each `lane`.
-- purpose: doing what was promised although programs die · retention: done 30 days, dead 180 days after the end
create table jobs (
    id           text    not null,
    kind         text    not null,
    payload      text    not null,
    state        text    not null,
    lane         text    not null,
    priority     integer not null,
    due_by       text    not null,
    run_at       text    not null,
    attempts     integer not null,
    rerun        integer not null,
    locked_by    text,
    locked_until text,
    last_error   text,
    finished_at  text,
    trace        text    not null,
    constraint jobs_key primary key (id)
) strict;
create index jobs_waiting on jobs (run_at) where state = 'waiting';
create index jobs_queued on jobs (lane, priority desc, due_by, run_at, id) where state = 'queued';
create index jobs_running on jobs (locked_until) where state = 'running';
create index jobs_finished on jobs (state, finished_at);

-- When a repeating task last ran, so that a run missed while the program was down is caught up.
-- purpose: the daily clock · retention: as long as the task exists
create table schedules (
    name     text not null,
    last_run text not null,
    constraint schedules_key primary key (name)
) strict, without rowid;

-- Something that an operator, or the brake, stopped: all that is sent, a life event, a channel.
--
-- A row whose `ended_at` is empty is in force. It holds no personal data.
-- purpose: stopping at once what goes wrong, and showing who stopped it and why · retention: as long as the installation
create table halts (
    scope    text not null,
    since    text not null,
    by_whom  text not null,
    because  text not null,
    ended_at text,
    constraint halts_key primary key (scope, since)
) strict, without rowid;

-- A milestone that was newly reached, until it is counted.
--
-- One row each instead of a count, so that no decision waits for another to count.
-- purpose: the brake on life events that suddenly concern far too many · retention: a minute
create table reached (
    milestone_id text not null,
    life_event   text not null,
    day          text not null,
    constraint reached_key primary key (milestone_id)
) strict, without rowid;

-- How many milestones of a life event were newly reached on a day, and how many the calendar
-- foretold for it. Names nobody.
-- purpose: the forecast that the brake goes by · retention: 400 days
create table tallies (
    life_event text not null,
    day        text not null,
    reached    integer not null,
    foretold   integer not null,
    constraint tallies_key primary key (life_event, day)
) strict, without rowid;
create index tallies_day on tallies (day);
