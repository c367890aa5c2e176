"""Agents: plain functions, and programs that speak our line protocol."""
