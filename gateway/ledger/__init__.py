"""The one place where a transfer changes state, and the log that proves it did."""
