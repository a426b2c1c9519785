"""The database and the payload store behind the ledger."""
