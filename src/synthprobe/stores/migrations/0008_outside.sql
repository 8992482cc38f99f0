-- Alerts from outside end by themselves: their timer.

alter table alerts add column expires_at integer;  -- null unless it comes from outside and fires
create index alerts_expiring on alerts (expires_at) where expires_at is not null;
