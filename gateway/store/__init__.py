"""The database behind the ledger: tables, transactions, and one module per database engine."""
