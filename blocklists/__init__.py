"""Shipped lists and catalogue files; see README.md."""
