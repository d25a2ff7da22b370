"""The vocabulary: frozen dataclasses and enums, standard library only."""
