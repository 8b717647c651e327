"""Races between this package and its peers: same data, same run, one process each."""
