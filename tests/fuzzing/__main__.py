"""`python -m fuzzing TARGET [--seconds N]`: fuzzes one target until time is up or something is found."""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from fuzzing import NAMES
from fuzzing.mutating import mutated

LED_BY = {
    "loader": ["synthprobe.files"],
    "templates": ["synthprobe.core.templates"],
    "jsonpath": ["synthprobe.core.responses", "jsonpath_rfc9535"],
    "redactor": ["synthprobe.telemetry"],
    "webhooks": ["synthprobe.core.signatures", "synthprobe.core.awaiting", "synthprobe.core.responses"],
    "iso8583": ["iso8583", "synthprobe.wire.iso8583"],
    "dns": ["dns.message", "dns.wire", "dns.name"],
}
"""What leads by its coverage; the less, the sooner it begins."""

LONGEST = 1.0
"""Seconds that one input may take."""


def main() -> None:
    """Read the command line and fuzz."""
    parser = argparse.ArgumentParser(prog="python -m fuzzing", description=__doc__)
    parser.add_argument("target", choices=NAMES)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randint(0, 2**32))
    parser.add_argument("--plain", action="store_true", help="mutate the seeds, though atheris is installed")
    options = parser.parse_args()
    if options.plain or not _by_coverage(options.target, options.seconds):
        _by_mutation(options.target, options.seconds, options.seed)


def _by_coverage(name: str, seconds: int) -> bool:
    """Fuzz by atheris; False where it is not installed."""
    try:
        import atheris
    except ImportError:
        return False
    with atheris.instrument_imports(include=LED_BY[name]):
        from fuzzing.targets import SEEDS, TARGETS
    corpus = [mutated(SEEDS[name], random.Random(number)) for number in range(200)]

    def one(data: bytes) -> None:
        TARGETS[name](data)

    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate((*SEEDS[name], *corpus)):
            one(seed)
            (Path(folder) / str(number)).write_bytes(seed)
        atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=8192", folder], one)
        atheris.Fuzz()
    return True


def _by_mutation(name: str, seconds: int, seed: int) -> None:
    from fuzzing.targets import SEEDS, TARGETS

    dice, count, slowest = random.Random(seed), 0, 0.0
    ends = time.perf_counter() + seconds
    while (began := time.perf_counter()) < ends:
        data = mutated(SEEDS[name], dice)
        try:
            TARGETS[name](data)
        except BaseException:
            print(f"{name} broke on {data!r} (seed {seed}, after {count})")
            raise
        count += 1
        if (took := time.perf_counter() - began) > slowest:
            slowest = took
            if took > LONGEST:
                print(f"{name} took {took:.1f} s for {data!r}")
    print(
        f"{name}: {count:,} inputs in {seconds} s, nothing found; the slowest took {slowest:.3f} s (seed {seed})"
    )


if __name__ == "__main__":
    main()
