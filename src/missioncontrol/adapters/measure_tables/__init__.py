"""Where measures over time are kept."""
