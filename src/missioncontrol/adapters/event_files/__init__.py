"""Files of events: JSON lines, CSV and Parquet."""
