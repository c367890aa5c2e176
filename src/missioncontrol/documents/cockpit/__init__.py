"""The cockpit of a mission: how it ended, what proves it, what it took, and what comes next."""
