"""A site with made-up partners and files: what ``lazaretto demo`` runs."""
