"""Taking in what agents and their tools tell of themselves, in the format of OpenTelemetry."""
