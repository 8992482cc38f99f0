-- What waits to be sent, by receiver, and what is being sent: neither is looked for among all that waits.

create index outbox_waiting on outbox (receiver, id, due_at) where state in ('pending', 'leased');
create index outbox_leased on outbox (lease_until) where state = 'leased';
