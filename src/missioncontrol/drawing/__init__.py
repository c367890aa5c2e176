"""Draws graphs: one model and one layout, as SVG for pages and files, and as Mermaid."""
