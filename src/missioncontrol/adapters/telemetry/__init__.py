"""Telling other systems what happens here, in the format of OpenTelemetry."""
