create table undo_orders (                 -- what people want done about a line of the ledger, until its agent says it did
    line text primary key references undos (id),
    agent text not null,
    kind text not null,                    -- retry | settle
    asked_by text not null,
    note text not null,
    at integer not null
) strict;
create index undo_orders_of_agent on undo_orders (agent);
