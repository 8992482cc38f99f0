alter table checks add column passed_definition text;   -- the definition that passed last
update checks set passed_definition = (select definition from runs where run_id = checks.last_good_run);
