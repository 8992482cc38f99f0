create table sources (                     -- probe files as they were when they were last good
    file text primary key,
    source text not null
) strict;

alter table marks add column served integer not null default 1;  -- 0: its check was taken away; should it come back
                                                                 -- while the clock is set back, no slot is run twice
