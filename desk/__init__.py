"""Zastupnik: what the desk does. No process starts here."""
