-- A group is told apart by its receiver too, so that another receiver on the same route is told afresh.
pragma defer_foreign_keys = on;
update outbox set subject = subject || '@' || receiver where subject in (select key from groups);
update told set group_key = group_key || '@' || (select receiver from groups where key = group_key)
    where group_key in (select key from groups);
update group_members set group_key = group_key || '@' || (select receiver from groups where key = group_key);
update decisions set group_key = group_key || '@' || receiver;
update groups set key = key || '@' || receiver;
