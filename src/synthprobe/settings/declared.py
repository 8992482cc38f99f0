"""Every setting: its name, which gives its flag and its variable, its default, and what it is for."""

from msgspec import Struct

PREFIX = "SYNTHPROBE_"
SERVER_URL = f"{PREFIX}URL"
"""Where commands that ask a running server find it; no setting of a server."""

FAILPOINTS = ("after_record", "before_claim", "after_claim", "after_send", "before_mark")
"""Where a kill test may let the router die."""


class Setting(Struct, frozen=True):
    """One setting as it may be given."""

    name: str
    default: str
    description: str

    @property
    def flag(self) -> str:
        """As an option of a command."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """As a variable of the environment."""
        return PREFIX + self.name.upper()


SETTINGS: tuple[Setting, ...] = (
    Setting("probes", "probes", "folder (or file) of probe files"),
    Setting("routes", "routes.yaml", "file that says who is told"),
    Setting("store", "sqlite:///synthprobe.db", "where results, alerts and incidents are kept"),
    Setting(
        "spool", "", "the agent's file of results the router does not have yet (default: beside the store)"
    ),
    Setting("listen", "127.0.0.1:8080", "address and port of pages and API"),
    Setting(
        "public_url", "", "how others reach the pages: the start of links in messages (default: from listen)"
    ),
    Setting(
        "heartbeat_url",
        "",
        "called every minute while the router is well: a dead-man switch that lies elsewhere",
    ),
    Setting(
        "hooks_url",
        "",
        "how payment providers reach /hooks/: the start of webhook URLs (default: the public URL)",
    ),
    Setting(
        "hooks_key",
        "",
        "file of the key that webhook URLs are made with; made where there is none (default: beside the store)",
    ),
    Setting("agent", "local", "name of the agent"),
    Setting("concurrency", "200", "runs at once"),
    Setting("grace", "10", "seconds that running probes get to finish at a stop"),
    Setting(
        "undo_patience",
        "10m",
        "how long a provider may take to show what it did: until then undo neither believes that nothing happened "
        "nor repeats what could be done twice",
    ),
    Setting(
        "allow_loopback",
        "0",
        "1 lets probes and receivers be on this machine (`synthprobe run` always does)",
    ),
    Setting(
        "budgets",
        "",
        "requests that providers allow us, by name: `acme-sandbox=10/s,burst=20,day=5000; other=30/m`",
    ),
    Setting(
        "account",
        "",
        "file in which all who make runs on this machine keep what they have at stake and what they asked of providers "
        "(default: beside the store); `synthprobe run` takes the URL of a server, too, to draw on its account",
    ),
    Setting(
        "live",
        "",
        "file of approved probes with `environment: live`, owned by the platform team (default: none)",
    ),
    Setting(
        "halt",
        "",
        "file that `synthprobe halt` makes: while it is there no run starts (default: beside the store)",
    ),
    Setting("keep", "7d", "how long runs are kept that no incident refers to, in days or hours (12h)"),
    Setting(
        "keep_bytes",
        "10GB",
        "how large the store may grow before runs go earlier (MB, GB, TB; 0: without bound)",
    ),
    Setting("failpoint", "", f"for kill tests: exit at one of {', '.join(FAILPOINTS)}"),
)
