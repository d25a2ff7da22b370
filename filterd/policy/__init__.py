"""The decision: a household compiled to an immutable snapshot, and the precedence table that judges by it. Pure."""
