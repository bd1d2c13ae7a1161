"""Pages: alerting."""

from flask import Blueprint

pages = Blueprint("alerting", __name__)
