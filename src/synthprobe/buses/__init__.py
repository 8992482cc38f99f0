"""How reports get from agents to the router."""
