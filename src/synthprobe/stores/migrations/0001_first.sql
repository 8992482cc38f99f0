-- Instants are integers: microseconds since the epoch, UTC. `doc` is JSON of the core struct named in the comment:
-- columns beside it exist to be looked up by, the document is the truth for everything else.

create table checks (                      -- CheckInfo: what agents have announced
    key text primary key,
    probe text not null,
    region text not null,
    row_id text,
    agent text not null,
    announced_at integer not null,
    withdrawn_at integer,                  -- null while an agent serves it
    last_run_at integer,                   -- start of the newest run
    last_outcome text,
    last_good_run text,                    -- run_id of the newest passed run
    doc blob not null
) strict;
create index checks_by_probe on checks (probe, region);

create table runs (                        -- Result, whole for failures, last good runs and a sample of passes
    run_id text primary key,
    check_key text not null,
    probe text not null,
    region text not null,
    row_id text,
    trigger text not null,
    outcome text not null,
    kind text,                             -- of the first failure
    signature text not null default '',
    scheduled_at integer,
    started_at integer not null,
    duration_us integer not null,
    trace_id text not null,
    definition text not null,
    passed_after_retry integer not null default 0,
    incident integer,
    doc blob                               -- null where only the figures are kept
) strict;
create unique index runs_by_slot on runs (check_key, scheduled_at) where scheduled_at is not null;
create index runs_by_check on runs (check_key, started_at);
create index runs_by_start on runs (started_at);
create index runs_by_trace on runs (trace_id);

create table slots (                       -- SlotRange: slots with a fate other than `ran`
    check_key text not null,
    fate text not null,
    why text not null default '',
    first_at integer not null,
    last_at integer not null,
    count integer not null,
    primary key (check_key, first_at, fate)
) strict;

create table traces (                      -- spans of one run: zlib of a JSON array of Span
    trace_id text primary key,
    run_id text not null,
    stored_at integer not null,
    spans blob not null
) strict;
create index traces_by_age on traces (stored_at);

create table alerts (                      -- Alert
    fingerprint text primary key,
    check_key text not null,
    state text not null,
    incident integer,
    updated_at integer not null,
    doc blob not null
) strict;
create index alerts_by_check on alerts (check_key);
create index alerts_by_incident on alerts (incident);
create index alerts_by_state on alerts (state);

create table incidents (                   -- Incident
    number integer primary key autoincrement,
    uid text not null unique,
    key text not null,
    state text not null,
    scope text not null,
    severity text not null,
    opened_at integer not null,
    updated_at integer not null,
    due_at integer,                        -- its next timer: when a resolved one closes
    doc blob not null
) strict;
create unique index incidents_open_by_key on incidents (key) where state <> 'closed';
create index incidents_due on incidents (due_at) where due_at is not null;

create table timeline (                    -- TimelineEntry
    id integer primary key autoincrement,
    incident integer not null references incidents (number),
    at integer not null,
    doc blob not null
) strict;
create index timeline_by_incident on timeline (incident, id);

create table groups (                      -- Group
    key text primary key,
    receiver text not null,
    next_flush_at integer,                 -- the timer; null while it holds nothing
    doc blob not null
) strict;
create index groups_due on groups (next_flush_at) where next_flush_at is not null;

create table group_members (               -- which alerts a group holds
    group_key text not null references groups (key),
    fingerprint text not null,
    primary key (group_key, fingerprint)
) strict;
create index group_members_by_alert on group_members (fingerprint);

create table told (                        -- Told: what each integration last heard about a group
    group_key text not null,
    integration text not null,
    doc blob not null,
    primary key (group_key, integration)
) strict;

create table decisions (                   -- every flush's decision, sent or not, with its reason
    id integer primary key autoincrement,
    at integer not null,
    group_key text not null,
    receiver text not null,
    integration text not null,
    sent integer not null,
    reason text not null,
    incidents text not null default ''     -- their numbers, `,1,2,`
) strict;
create index decisions_by_group on decisions (group_key, id);

create table outbox (                      -- Notification: pending → leased → delivered | pending again | dead | cancelled
    id integer primary key autoincrement,
    key text not null unique,              -- the idempotency key, the same on every repeat
    subject text not null,                 -- the group it is about
    receiver text not null,
    integration text not null,
    kind text not null,                    -- firing, resolved, update
    seq integer not null,
    state text not null,
    created_at integer not null,
    due_at integer not null,
    attempts integer not null default 0,
    maybe_received integer not null default 0,  -- attempts of which it is not proven that nothing arrived
    lease_until integer,
    fence integer not null default 0,
    last_error text,
    delivered_at integer,
    doc blob not null,
    unique (subject, receiver, integration, seq)
) strict;
create index outbox_due on outbox (due_at) where state in ('pending', 'leased');

create table outbox_incidents (            -- which incidents a message names
    outbox_id integer not null references outbox (id),
    incident integer not null,
    primary key (outbox_id, incident)
) strict;
create index outbox_incidents_by_incident on outbox_incidents (incident);

create table deliveries (                  -- every attempt, for ever
    id integer primary key autoincrement,
    outbox_id integer not null references outbox (id),
    at integer not null,
    attempt integer not null,
    outcome text not null,                 -- delivered, failed, dead
    status integer,
    message text not null default ''
) strict;
create index deliveries_by_outbox on deliveries (outbox_id, id);
