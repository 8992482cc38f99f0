"""Builds the wheel and uses it as a stranger would: an environment with its locked packages and nothing else."""

import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / ".ci" / "lock" / "runtime.txt"


def main() -> None:
    """Build, install, and ask for the version, a validation and a run."""
    with tempfile.TemporaryDirectory(prefix="synthprobe-wheel-") as made:
        folder = Path(made)
        synthprobe = install(build(folder), folder / "venv")
        ask(folder, [synthprobe, "--version"])
        ask(folder, [synthprobe, "validate", str(ROOT / "probes")])
        with subprocess.Popen(stripe_command(folder), stdin=subprocess.PIPE, cwd=folder) as stripe:
            try:
                probe = aimed_at(port_of(folder), folder)
                ask(folder, [synthprobe, "run", str(probe), "--region", "emea"], STRIPE_KEY="sk_test_wheel")
            finally:
                stripe.terminate()


def build(folder: Path) -> Path:
    """The wheel of this checkout."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (wheel,) = folder.glob("*.whl")
    print(f"built {wheel.name}", flush=True)
    return wheel


def install(wheel: Path, where: Path) -> str:
    """An environment with the wheel and what it needs; returns its command."""
    venv.create(where, with_pip=True)
    pip = [where / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "--require-hashes", "-r", LOCK], check=True)
    subprocess.run([*pip, "--no-deps", wheel], check=True)
    return str(where / "bin" / "synthprobe")


def ask(folder: Path, command: list[str], **environment: str) -> None:
    """Run a command in an empty environment; it must say that all is well."""
    print("$ synthprobe " + " ".join(Path(part).name for part in command[1:]), flush=True)
    env = {"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8", **environment}
    subprocess.run(command, check=True, env=env, cwd=folder, stdin=subprocess.DEVNULL, timeout=60)


def stripe_command(folder: Path) -> list[str]:
    """A payment API to run against; it comes from the test environment, not from the wheel's."""
    return [sys.executable, "-m", "synthprobe.demo.stripe", "--folder", str(folder)]


def port_of(folder: Path) -> str:
    """The port on which it listens, as soon as it does."""
    deadline = time.monotonic() + 30  # noqa: TID251 - a script of the build, not of the product
    while time.monotonic() < deadline:  # noqa: TID251
        if (folder / "port").exists():
            return (folder / "port").read_text()
        time.sleep(0.1)
    raise SystemExit("localstripe did not start within 30 s")


def aimed_at(port: str, folder: Path) -> Path:
    """A probe of this repository that calls this port."""
    text = (ROOT / "probes" / "card-authorise-capture-refund.yaml").read_text()
    probe = folder / "card.yaml"
    probe.write_text(text.replace("127.0.0.1:8421", f"127.0.0.1:{port}"))
    return probe


if __name__ == "__main__":
    main()
