create table passes (                      -- the definition of each check that passed last: one that did knows its way in
    check_key text primary key,
    definition text not null
) strict;
