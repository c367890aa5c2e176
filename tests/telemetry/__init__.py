"""Tests of telemetry that is sent to other systems, and accepted from them."""
