"""Sharing results with other machines: an optional cache behind the local store."""
