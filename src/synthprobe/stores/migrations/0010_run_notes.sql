create table run_notes (                   -- what came to be known of a run after its end
    run_id text not null,
    step text not null,
    text text not null,
    at integer not null,
    primary key (run_id, step, text)
) strict;
create index run_notes_by_age on run_notes (at);
