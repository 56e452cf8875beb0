"""Email services with an HTTP API, through django-anymail: the one provider that imports Django, whose messages it takes."""
