"""Thin shells around the package: read, call, render."""
