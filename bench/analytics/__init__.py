"""The product analytics cockpit at ten million events."""
