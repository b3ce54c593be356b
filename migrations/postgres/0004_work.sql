-- A piece of work that follows from something stored in the same transaction.
--
-- The id is made from the kind and from what the work is about, so asking twice makes one row.
-- `rerun` remembers that the work was asked for again while it was running: it may have read
-- too early, so it goes back to the queue when it completes. (locked_by, attempts) is the token
-- of a claim: a worker that lost its lease can change nothing. What is not due yet is `waiting`,
-- so that the index of what is due holds nothing else; it is ordered within each `lane`.
-- purpose: doing what was promised although programs die · retention: done 30 days, dead 180 days after the end
create table jobs (
    id           text collate "C" not null,
    kind         text collate "C" not null,
    payload      text collate "C" not null,
    state        text collate "C" not null,
    lane         text collate "C" not null,
    priority     bigint not null,
    due_by       text collate "C" not null,
    run_at       text collate "C" not null,
    attempts     bigint not null,
    rerun        bigint not null,
    locked_by    text collate "C",
    locked_until text collate "C",
    last_error   text collate "C",
    finished_at  text collate "C",
    trace        text collate "C" not null,
    constraint jobs_key primary key (id)
);
create index jobs_waiting on jobs (run_at) where state = 'waiting';
create index jobs_queued on jobs (lane, priority desc, due_by, run_at, id) where state = 'queued';
create index jobs_running on jobs (locked_until) where state = 'running';
create index jobs_finished on jobs (state, finished_at);

-- When a repeating task last ran, so that a run missed while the program was down is caught up.
-- purpose: the daily clock · retention: as long as the task exists
create table schedules (
    name     text collate "C" not null,
    last_run text collate "C" not null,
    constraint schedules_key primary key (name)
);

-- Something that an operator, or the brake, stopped: all that is sent, a life event, a channel.
--
-- A row whose `ended_at` is empty is in force. It holds no personal data.
-- purpose: stopping at once what goes wrong, and showing who stopped it and why · retention: as long as the installation
create table halts (
    scope    text collate "C" not null,
    since    text collate "C" not null,
    by_whom  text collate "C" not null,
    because  text collate "C" not null,
    ended_at text collate "C",
    constraint halts_key primary key (scope, since)
);

-- A milestone that was newly reached, until it is counted.
--
-- One row each instead of a count, so that no decision waits for another to count.
-- purpose: the brake on life events that suddenly concern far too many · retention: a minute
create table reached (
    milestone_id text collate "C" not null,
    life_event   text collate "C" not null,
    day          text collate "C" not null,
    constraint reached_key primary key (milestone_id)
);

-- How many milestones of a life event were newly reached on a day, and how many the calendar
-- foretold for it. Names nobody.
-- purpose: the forecast that the brake goes by · retention: 400 days
create table tallies (
    life_event text collate "C" not null,
    day        text collate "C" not null,
    reached    bigint not null,
    foretold   bigint not null,
    constraint tallies_key primary key (life_event, day)
);
create index tallies_day on tallies (day);
