"""``gunicorn wsgi:app``: the pages, with the settings of config/desk.toml, DESK_HOME and the environment."""

from desk import settings
from desk.web import create_app

app = create_app(settings.load())
