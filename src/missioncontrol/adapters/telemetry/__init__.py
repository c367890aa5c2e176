"""Export of traces to OpenTelemetry receivers."""
