create table undos (                       -- what runs left behind, and where the taking back of it stands
    id text primary key,                   -- run and step
    agent text not null,                   -- whose ledger holds it
    run_id text not null,
    check_key text not null,
    probe text not null,
    region text not null,
    row_id text,
    step text not null,
    state text not null,                   -- owed | done | spared | settled
    why text not null,
    owner text not null,
    amount text not null,                  -- in the major unit of currency; empty where no money is at stake
    currency text not null,
    failures integer not null,
    opened_at integer not null,
    at integer not null,
    due_at integer,
    trace_id text not null
) strict;
create index undos_open on undos (opened_at, id) where state = 'owed';
create index undos_over on undos (at, id) where state <> 'owed';
create index undos_of_run on undos (run_id);
