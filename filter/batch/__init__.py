"""Runs over many records: input in shards, workers, parts of output, a manifest."""
