"""The ``lazaretto`` command."""
