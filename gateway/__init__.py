"""The gateway itself: what happens to a file from the sender's first byte to the purge."""
