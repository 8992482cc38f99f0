create table firing (                      -- checks whose alert fires, as far as this agent has seen: they keep their
    check_key text primary key             -- slots though `only` closes
) strict;
