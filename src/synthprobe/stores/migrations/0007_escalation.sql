-- What escalation keeps: keys of merged incidents, each person's pages, why whom was (not) paged, and what people did.

alter table incidents add column problem text not null default '';  -- the key without the region: these merge
create index incidents_open_by_problem on incidents (problem) where state <> 'closed';
create index incidents_open on incidents (number) where state in ('triggered', 'acknowledged');

create table incident_keys (               -- keys of incidents that were merged into one that is still open
    key text primary key,
    incident integer not null references incidents (number)
) strict;
create index incident_keys_by_incident on incident_keys (incident);

create table pagers (                      -- Pager: what rings a person's phone
    person text primary key,
    due_at integer,                        -- the timer; null while nothing waits
    doc blob not null
) strict;
create index pagers_due on pagers (due_at) where due_at is not null;

create table page_decisions (              -- who was paged or told, who was not, and why
    id integer primary key autoincrement,
    at integer not null,
    incident integer not null,
    person text not null default '',       -- empty where a level had nobody
    sent integer not null,
    reason text not null,
    level integer,
    detail text not null default ''
) strict;
create index page_decisions_by_incident on page_decisions (incident, id);
create index page_decisions_by_person on page_decisions (person, at);

create table actions (                     -- Action: what people did, applied once in the order of its coming
    id text primary key,
    incident integer not null,
    at integer not null,
    applied_at integer,
    refusal text,
    doc blob not null
) strict;
create index actions_due on actions (at) where applied_at is null;
create index actions_by_incident on actions (incident, at);
