-- Overrides of on-call that people made on a running server; those of routes.yaml are not here.

create table overrides (                   -- Override
    id text primary key,
    ends_at integer not null,
    doc blob not null
) strict;
create index overrides_by_end on overrides (ends_at);
