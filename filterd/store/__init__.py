"""The two databases: rules and log."""
