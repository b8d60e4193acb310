"""The protocol as values and pure functions: no HTTP, no SQL, no clock and no settings."""
