"""10,000 checks of four steps, each once a minute, agent and router together on one core: fates, lateness, memory, CPU."""

import tempfile
from pathlib import Path
from time import sleep

import click
from msgspec import Struct

import flows
import service
import target
from figures import Bar, Report, Row, percentile, save, text
from processes import CLOCK, Usage
from synthprobe.core import schedule
from synthprobe.files.durations import duration

ROWS = 10
CORE = 0
LOOK = 5.0
ALLOWED_MEMORY = 500.0


class Watched(Struct, frozen=True):
    """A stretch of time: its ends as the store counts instants, CPU over it, and the most memory seen."""

    since: int
    until: int
    cpu: float
    resident: int


def watch(running: service.Service, seconds: float) -> Watched:
    """Look at both processes now and then."""
    since, began = service.micros(CLOCK.now()), CLOCK.monotonic()
    first = running.usage()
    seen: list[Usage] = [first]
    while CLOCK.monotonic() < began + seconds:
        sleep(LOOK)
        seen.append(running.usage())
    lasted = CLOCK.monotonic() - began
    until = service.micros(CLOCK.now())
    return Watched(since, until, (seen[-1].cpu - first.cpu) / lasted, max(each.resident for each in seen))


def due(keys: list[str], every: str, watched: Watched) -> int:
    """How many slots the schedule has in the time watched."""
    since, until = (service.EPOCH + each * schedule.MICROSECOND for each in (watched.since, watched.until))
    starts = (schedule.between(key, duration(every), since, until) for key in keys)
    return sum(each.count for each in starts if each)


def measure(checks: int, every: str, seconds: float) -> Report:
    """One service, watched for so long after it has warmed up."""
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        with target.serving(folder) as at:
            texts = flows.four_steps(checks // ROWS, every, at.plain, ROWS)
            service.write_probes(folder / "service", texts)
            with service.serving(folder / "service", cpu=CORE) as running:
                sleep(10)
                watched = watch(running, seconds)
                sleep(3)  # so that what began at the end is recorded
                return _report(running, watched, every, checks)


def _report(running: service.Service, watched: Watched, every: str, checks: int) -> Report:
    keys = [str(key) for (key,) in running.ask("select key from checks")]
    window = (watched.since, watched.until)
    query = (
        "select started_at - scheduled_at, duration_us from runs where scheduled_at > ? and scheduled_at <= ?"
    )
    starts = running.ask(query, *window)
    late = [float(str(each)) / 1e3 for each, _ in starts]
    others = running.count(
        "select coalesce(sum(count), 0) from slots where first_at > ? and first_at <= ?", *window
    )
    slots = due(keys, every, watched)
    failed = running.count("select count(*) from runs where outcome <> 'passed'")
    megabytes = watched.resident / 1e6
    rows = (
        Row("slots due", "", (slots,)),
        Row("slots that ran", "", (len(starts),)),
        Row("slots with another fate (skipped, missed, interrupted)", "", (others,)),
        Row("runs that did not pass", "", (failed,)),
        Row("start lateness, median", "ms", (percentile(late, 0.5),)),
        Row("start lateness, worst", "ms", (max(late),)),
        Row(
            "duration of a run, median",
            "ms",
            (percentile([float(str(took)) / 1e3 for _, took in starts], 0.5),),
        ),
    )
    bars = (
        Bar("slots without a fate", abs(slots - len(starts) - others), 0, ""),
        Bar("slots that did not run", slots - len(starts), 0, ""),
        Bar("start lateness, p99", percentile(late, 0.99), 100, "ms"),
        Bar("resident memory of both processes, most seen", megabytes, ALLOWED_MEMORY, "MB"),
        Bar("CPU of both processes, of one core", watched.cpu, 0.6, ""),
    )
    seconds = (watched.until - watched.since) / 1e6
    title = f"{checks:,} checks of four steps every {every} on one core, {seconds:.0f} s"
    return Report("ten_thousand", title, rows, bars)


@click.command()
@click.option("--checks", default=10_000)
@click.option("--every", default="60s")
@click.option("--seconds", default=180.0)
def main(checks: int, every: str, seconds: float) -> None:
    """Measure, print and save."""
    report = measure(checks, every, seconds)
    click.echo(text(report))
    save(report)


if __name__ == "__main__":
    main()
