"""What `tests/sdk/run` is made of; only Python's own library."""
