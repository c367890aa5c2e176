"""The one way in: journal, evidence, audit, missions."""
