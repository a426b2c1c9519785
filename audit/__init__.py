"""Known advisories about what is locked, and a bill of materials."""
