"""The province's feed: its files and their signatures, on the box's side and on the office's."""
