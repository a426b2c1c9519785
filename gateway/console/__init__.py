"""The listener for people: sign-in, sessions and the operations of the command line, as JSON."""
