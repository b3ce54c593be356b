-- A piece of work that follows from something stored in the same transaction.
--
-- The id is made from the kind and from what the work is about, so asking twice makes one row.
-- `rerun` remembers that the work was asked for again while it was running: it may have read
-- too early, so it goes back to the queue when it completes. (locked_by, attempts) is the token
-- of a claim: a worker that lost its lease can change nothing.
-- purpose: doing what was promised although programs die · retention: done 30 days, dead 180 days after the end
create table jobs (
    id           text collate "C" not null,
    kind         text collate "C" not null,
    payload      text collate "C" not null,
    state        text collate "C" not null,
    priority     bigint not null,
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
create index jobs_queued on jobs (priority desc, run_at, id) where state = 'queued';
create index jobs_running on jobs (locked_until) where state = 'running';
create index jobs_finished on jobs (state, finished_at);

-- When a repeating task last ran, so that a run missed while the program was down is caught up.
-- purpose: the daily clock · retention: as long as the task exists
create table schedules (
    name     text collate "C" not null,
    last_run text collate "C" not null,
    constraint schedules_key primary key (name)
);
