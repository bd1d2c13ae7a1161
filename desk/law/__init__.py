"""The law as data and arithmetic: production calendar, rules in force on a day, due dates and penalties, explained.

Pure: dates in, values out; no session, no clock, no environment, no network.
"""
