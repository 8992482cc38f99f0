"""What the demo is made of, read from its own files: which ports the probes call, and where the pages go."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from synthprobe.core.expectations import Position
from synthprobe.demo import LOOPBACK
from synthprobe.demo.fault_files import load_faults
from synthprobe.demo.faults import Fault
from synthprobe.files.probes import load_folder
from synthprobe.files.problems import FileProblems, errors, problem_at

HERE = Path(__file__).parent
FAULTS = HERE / "faults.yaml"
ROUTES = HERE / "routes.yaml"


class Options(Struct, frozen=True):
    """What the command line decides."""

    environment: Mapping[str, str]
    """Handed on to the processes that are started."""
    probes: Path = Path("probes")
    faults: Path = FAULTS
    routes: Path = ROUTES
    port: int = 8080
    """Of the pages."""
    receiver_port: int = 8423
    until_resolved: bool = False
    """End as soon as the whole story was seen, or after `within`."""
    within: timedelta = timedelta(minutes=3)


class Scene(Struct, frozen=True):
    """The demo's parts and their ports on 127.0.0.1."""

    options: Options
    regions: Mapping[int, str]
    """The region of each port that probes call."""
    checks: int
    faults: tuple[Fault, ...]

    def ports(self) -> Iterator[tuple[int, str, str]]:
        """Every port with its use, and what to do when it is taken."""
        stop = "stop that program, or choose another with"
        yield self.options.port, "the web pages", f"{stop} --port (make demo PORT={self.options.port + 10})"
        yield self.options.receiver_port, "the receiver of pages", f"{stop} --receiver-port"
        for port, region in self.regions.items():
            use = f"the payment API of region {region}"
            yield port, use, f"stop that program, or write another port into {self.options.probes} (base_url)"


def read_scene(options: Options) -> Scene:
    """Read probes and faults. Raises `FileProblems` with everything that is wrong with them."""
    loaded = load_folder([options.probes])
    if found := errors(loaded.problems):
        raise FileProblems(found)
    probes = [entry.probe for entry in loaded.probes]
    faults = load_faults(_text(options.faults), str(options.faults))
    regions = {
        port: region
        for probe in probes
        for region, values in probe.regions.items()
        for port in [_port(values.get("base_url"))]
        if port
    }
    checks = sum(len(probe.regions) * max(1, len(probe.matrix)) for probe in probes)
    return Scene(options, regions, checks, faults)


def routes_text(options: Options) -> str:
    """The routes of the demo, with the receiver where it really listens."""
    text = options.routes.read_text()
    return text.replace(f"http://{LOOPBACK}:8423/", f"http://{LOOPBACK}:{options.receiver_port}/")


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as trouble:
        nowhere = Position(str(path), 1, 1)
        raise FileProblems([problem_at(nowhere, f"cannot be read: {trouble.strerror}")]) from trouble


def _port(base_url: object) -> int | None:
    """The port of a URL on this machine; other addresses are not the proxy's business."""
    if not isinstance(base_url, str):
        return None
    parts = urlsplit(base_url)
    return parts.port if parts.hostname in (LOOPBACK, "localhost") else None
