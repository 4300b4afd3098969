"""Preference pairs: a decision of a kept row beside one that an execution or the catalog proves to be worse."""
