"""Packages are found, not listed: a new folder cannot be forgotten. Everything else stands in pyproject.toml."""

from setuptools import find_packages, setup

# templates/ and config/ lie beside desk/ in a clone and inside it when installed.
setup(packages=[*find_packages(include=["desk", "desk.*", "workers"]), "desk.templates", "desk.config"],
      package_dir={"desk.templates": "templates", "desk.config": "config"})
