create table budgets (                     -- what the day of each budget has used, so that a restart forgets nothing of it
    name text primary key,
    day text not null,                     -- of UTC, as 2026-03-02
    used integer not null
) strict;
