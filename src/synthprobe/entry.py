"""Where the command begins: while it loads, Ctrl-C ends it as it ends any program; once it is loaded, the command minds it.

Nothing is imported here but what minds signals, for all else takes a moment in which Ctrl-C may come.
"""

try:
    import signal

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
except KeyboardInterrupt:
    raise SystemExit(130) from None


def main() -> None:
    """Load the command line and run it."""
    from synthprobe.cli import main as command_line

    command_line()
