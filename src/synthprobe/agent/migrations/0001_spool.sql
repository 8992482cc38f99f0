-- Instants are integers: microseconds since the epoch, UTC. `doc` is a Report as MessagePack, as the bus sends it.

create table reports (                     -- what the router has not committed yet, in the order it happened
    id integer primary key autoincrement,
    size integer not null,
    passed integer not null,               -- 1: a passed run, which may be given up when the spool is full
    doc blob not null
) strict;
create index reports_passed on reports (id) where passed = 1;

create table marks (                       -- per check, the newest slot whose fate is settled, or whose run has begun
    check_key text primary key,
    slot_at integer not null
) strict;

create table in_flight (                   -- runs that have begun and not ended
    run_id text primary key,
    check_key text not null,
    slot_at integer                        -- null when the run is no slot
) strict;
