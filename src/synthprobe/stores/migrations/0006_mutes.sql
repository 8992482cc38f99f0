-- Silences, planned and made by hand; and which groups hold something back, so that the end of a mute finds them.

create table silences (                    -- Silence
    id text primary key,
    planned integer not null,              -- 1: it stands in routes.yaml, and goes when it does
    ends_at integer not null,
    remind_at integer,                     -- the timer: when to say that it ends soon; null when that was said
    doc blob not null
) strict;
create index silences_by_end on silences (ends_at);
create index silences_to_remind on silences (remind_at) where remind_at is not null;

alter table groups add column muted integer not null default 0;
create index groups_muted on groups (key) where muted = 1;

alter table decisions add column muted_by text not null default '';  -- what held alerts back, for people to read
