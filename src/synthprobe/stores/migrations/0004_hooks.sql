create table hook_deliveries (             -- inbound webhooks as they came, for ten minutes: runs ask for theirs
    id integer primary key autoincrement,
    token text not null,
    received_at integer not null,
    headers blob not null,                 -- JSON array of [name, value]
    body blob not null
) strict;
create index hook_deliveries_by_token on hook_deliveries (token, id);
create index hook_deliveries_by_age on hook_deliveries (received_at);
