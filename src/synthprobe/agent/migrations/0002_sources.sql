create table sources (                     -- probe files as they were when they were last good
    file text primary key,
    source text not null
) strict;
