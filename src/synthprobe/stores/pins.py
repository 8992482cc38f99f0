"""Which runs must stay, as conditions on a row `r` of `runs`.

An incident refers to the runs that are marked with it. Their neighbours explain them: the run right before and right
after, and the good run before, which is what they are compared with. Apart from incidents, each check keeps its last
good run and the newest run of every other outcome.
"""

HELD_INCIDENT = "(i.state <> 'closed' or i.updated_at >= :closed_since)"
"""An incident `i` that is open, or was closed (or touched) since `:closed_since`."""

_NEXT = "n.check_key = r.check_key and n.started_at > r.started_at"
_PREVIOUS = "n.check_key = r.check_key and n.started_at < r.started_at"

BESIDE_INCIDENT = f"""(
exists (select 1 from incidents i where {HELD_INCIDENT} and i.number =
    (select n.incident from runs n where {_NEXT} order by n.started_at limit 1))
or exists (select 1 from incidents i where {HELD_INCIDENT} and i.number =
    (select n.incident from runs n where {_PREVIOUS} order by n.started_at desc limit 1))
or r.outcome = 'passed' and exists (
    select 1 from
        (select n.incident, n.started_at from runs n where {_NEXT} and n.incident is not null
         order by n.started_at limit 1) failed
        join incidents i on i.number = failed.incident and {HELD_INCIDENT}
    where not exists (select 1 from runs n where {_NEXT} and n.started_at < failed.started_at
                      and n.outcome = 'passed'))
)"""  # noqa: S608 - constants of this module
"""Next to a run that a held incident refers to, or the good run before it."""

BESIDE_FAILURE = f"""(
'passed' <> coalesce((select n.outcome from runs n where {_NEXT} order by n.started_at limit 1), 'passed')
or 'passed' <> coalesce((select n.outcome from runs n where {_PREVIOUS} order by n.started_at desc limit 1), 'passed')
)"""  # noqa: S608 - constants of this module
"""Right before or after a run that did not pass, of which nobody knows yet whether an incident will refer to it."""

_SHOWN_CHECK = """(
c.withdrawn_at is null or c.withdrawn_at >= :withdrawn_since
or exists (select 1 from alerts a where a.check_key = c.key)
)"""

LAST_OF_ITS_KIND = f"""exists (
select 1 from checks c where c.key = r.check_key and {_SHOWN_CHECK} and (
    c.last_good_run = r.run_id
    or r.outcome <> 'passed' and not exists (
        select 1 from runs n where {_NEXT} and n.outcome <> 'passed' and n.outcome = r.outcome
        and n.trigger = r.trigger))
)"""  # noqa: S608 - constants of this module
"""The last good run of a check that pages still show, or its newest of another outcome."""

PINNED = f"""(
exists (select 1 from incidents i where i.number = r.incident and {HELD_INCIDENT})
or {BESIDE_INCIDENT}
or {LAST_OF_ITS_KIND}
)"""  # noqa: S608 - constants of this module
"""May not go; takes `:closed_since` and `:withdrawn_since`."""
