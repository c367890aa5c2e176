"""Learns patterns from a repository (codemods, rules, templates, commands) and applies them."""
