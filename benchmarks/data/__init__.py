"""Figures about sampling, words and filters."""
