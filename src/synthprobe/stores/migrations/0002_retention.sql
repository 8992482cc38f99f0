-- What retention walks through and looks up. All but the one of slots are partial: passes of which only the figures are kept,
-- which are nearly all runs, are in none of them.

create index runs_whole on runs (started_at, run_id) where doc is not null;
create index runs_not_passed on runs (check_key, outcome, started_at) where outcome <> 'passed';
create index runs_not_passed_by_start on runs (outcome, started_at) where outcome <> 'passed';
create index runs_of_incidents on runs (check_key, started_at) where incident is not null;
create index runs_unplaced on runs (check_key, started_at) where incident is null and outcome <> 'passed';
drop index traces_by_age;                  -- a trace goes with its run
drop index runs_by_trace;                  -- nothing looks a run up by its trace; random keys cost a page each
create index slots_by_age on slots (last_at);
