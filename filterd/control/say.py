"""Times, dates and sets of weekdays in words, for the page: policy/say.py's, so that page and sentences agree.

day_set({0, 1, 2}, "en")       # "Monday to Wednesday"
"""

from filterd.policy.say import WEEKDAYS, capital, clock, date_of, day_set, joined, time_of

__all__ = ["WEEKDAYS", "capital", "clock", "date_of", "day_set", "joined", "time_of"]
