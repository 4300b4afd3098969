"""The embedded writer: a seeded grammar in four voices, no account and no network."""
