"""Decision records as files: MADR 4 written, and MADR 2 to 4 and Nygard's form read."""
