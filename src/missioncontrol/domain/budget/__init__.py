"""Budgets: how much may be spent where, what is set aside, and what was spent."""
