"""Synthetic try-on pairs with exact ground truth: bodies, patterns, drapes, pictures."""
