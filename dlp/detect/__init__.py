"""What finds identifiers in open text."""
