"""Settings and policy: the models and their loader."""
