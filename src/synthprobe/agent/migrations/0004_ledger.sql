create table ledger (                      -- what steps may have made and is not yet certain to be taken back
    id text primary key,                   -- run and step
    doc blob not null                      -- an entry as MessagePack (core/packing.py); it holds no secret
) strict;
