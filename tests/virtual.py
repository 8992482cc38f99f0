"""Virtual time for tests: `synthprobe.app.virtual`, which `routes simulate` runs on, too."""

from synthprobe.app.virtual import START as START
from synthprobe.app.virtual import Stuck as Stuck
from synthprobe.app.virtual import VirtualLoop as VirtualLoop
from synthprobe.app.virtual import run_virtual as run_virtual
from synthprobe.app.virtual import stall as stall
from synthprobe.app.virtual import step as step
