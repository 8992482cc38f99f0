"""How an agent's reports reach the router: once the router has committed them, or not at all as far as the agent knows."""


class BusError(Exception):
    """Reports could not be delivered, or their commit was not confirmed; the agent keeps them and tries again."""


class NotCommitted(BusError):
    """What a receiver raises that knows why it could not commit, and has said so."""
