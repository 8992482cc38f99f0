-- Notes about alerts that are withheld which a mute holds back, and when to look again whether it still does.

create table withheld_notes (
    fingerprint text primary key,
    due_at integer not null
) strict;
create index withheld_notes_by_due on withheld_notes (due_at);
