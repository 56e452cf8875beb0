"""Settings, all of them from the environment (or an `.env` file beside manage.py); every one has a working default.

Nothing needs to be set to run on one machine: the database and the broker are then the embedded ones in DATA_DIR.
"""

import sys
import warnings
from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONE, SELF

from config import database_url, embedded

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / ".env")

DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).expanduser().absolute()
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or embedded.secret_key(DATA_DIR)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# The address people reach the console at; links in messages (unsubscribe, tracking) start with it.
SITE_URL = env.str("SITE_URL", default="http://localhost:8000").rstrip("/")

INSTALLED_APPS = [
    "config.console",
    "campaigns",
    "channels",
    "approvals",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "django_filters",
    "django_fsm",
    "django_htmx",
    "ninja",
    "axes",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.console.bodies.RefusedBodyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.console.bodies.PrivateAnswersMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.console.workspace.WorkspaceMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"campaigns": "campaigns.console.words"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.console.workspace.workspace",
                "campaigns.console.badges.badges",
            ],
        },
    },
]

# --- database -----------------------------------------------------------------------------------------------

DATABASE_IS_EMBEDDED = not env.str("DATABASE_URL", default="")
DATABASES = {
    "default": embedded.database_settings(DATA_DIR)
    if DATABASE_IS_EMBEDDED
    else database_url.parse(env.str("DATABASE_URL")),
}
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# --- people who log in --------------------------------------------------------------------------------------

AUTH_USER_MODEL = "campaigns.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/campaigns/"
LOGOUT_REDIRECT_URL = "/login/"

# Ten wrong passwords for one log-in from one address lock that pair, not the whole office, for a quarter of an hour.
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "config.console.accounts.locked_out"
# What the log-in form calls its field; by default axes looks for the model's (email) and would lock nobody out.
AXES_USERNAME_FORM_FIELD = "username"

# --- security -----------------------------------------------------------------------------------------------

# HTTPS=1 says that people reach the console over TLS (usually at a proxy in front): cookies, redirect and HSTS follow.
HTTPS = env.bool("HTTPS", default=False)
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        # Progress bars and chart bars set their width in a style attribute; style elements stay forbidden.
        "style-src-attr": ["'unsafe-inline'"],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# Keys (Fernet, newest first) that the secrets of connections are encrypted with; derived from SECRET_KEY when empty.
CONNECTION_SECRET_KEYS = env.list("CONNECTION_SECRET_KEYS", default=[])

DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
# The largest file of people that the API takes.
IMPORT_MOST_BYTES = env.int("IMPORT_MOST_BYTES", default=2 * 1024**3)
# Calls of one API key in a minute; 0 is any number.
API_RATE_PER_MINUTE = env.int("API_RATE_PER_MINUTE", default=600)

# --- language, time, files ----------------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
# Hashed names once `collectstatic` has run (production); straight from the source folders before that (`up`).
STATIC_IS_COLLECTED = (STATIC_ROOT / "staticfiles.json").exists() or sys.argv[1:2] == ["collectstatic"]
# Until then the folder is missing on purpose.
warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)
WHITENOISE_USE_FINDERS = not STATIC_IS_COLLECTED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_IS_COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
MEDIA_ROOT = DATA_DIR / "uploads"

# --- mail of the console itself (campaigns send through their own connections) --------------------------------

vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="campaigns@localhost")

# --- Celery: a doorbell, never the queue ----------------------------------------------------------------------

# What a worker can listen to: periodic duties, and sending.
QUEUES = ("duties", "dispatch")
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="") or embedded.BROKER_URL
BROKER_IS_EMBEDDED = embedded.is_embedded_broker(CELERY_BROKER_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = embedded.broker_options(CELERY_BROKER_URL, DATA_DIR)
if BROKER_IS_EMBEDDED:
    CELERY_BROKER_TRANSPORT = "config.embedded_broker:Transport"
CELERY_BEAT_SCHEDULER = "config.beat:Scheduler"
# After how many calls beat writes down when it rang; `/healthz` reads that.
CELERY_BEAT_SYNC_EVERY = 20
CELERY_TIMEZONE = "UTC"

# --- how many at once (reliability: what a stop may still let out) --------------------------------------------

# Worker processes that send; they share each connection's parallelism evenly.
DISPATCH_WORKERS = env.int("DISPATCH_WORKERS", default=2)
# A message in a worker's hands for longer than this, and not reported back, is taken to be lost with the worker.
DISPATCH_LEASE_SECONDS = env.float("DISPATCH_LEASE_SECONDS", default=60.0)
# Networks (such as 10.1.0.0/16) that webhooks may call although they are not public.
WEBHOOK_ALLOWED_NETWORKS = env.list("WEBHOOK_ALLOWED_NETWORKS", default=[])
# An address that also takes requests to unsubscribe, beside the link; empty: the link only.
UNSUBSCRIBE_MAILTO = env.str("UNSUBSCRIBE_MAILTO", default="")

# --- strategies of python campaigns -----------------------------------------------------------------------------

# Classes (module.Class) that python campaigns can be given, beside the entry points campaign_console.strategies.
CAMPAIGN_STRATEGIES = env.list(
    "CAMPAIGN_STRATEGIES",
    default=[
        "campaigns.strategies.renewal_reminder.RenewalReminder",
        "campaigns.strategies.birthday_greeting.BirthdayGreeting",
    ],
)
# A strategy runs in a process of its own, within these limits: seconds to be imported, seconds for one contact, memory.
STRATEGY_START_SECONDS = env.float("STRATEGY_START_SECONDS", default=20.0)
STRATEGY_CONTACT_SECONDS = env.float("STRATEGY_CONTACT_SECONDS", default=5.0)
STRATEGY_MEMORY_MB = env.int("STRATEGY_MEMORY_MB", default=512)

#: Whether the demo workspace has people and campaigns; without them it is empty.
DEMO_CONTENT = env.bool("DEMO_CONTENT", default=True)
DEFAULT_REGION = env.str("DEFAULT_REGION", default="US")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"without_traceback": {"()": "config.logs.WithoutTraceback"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "axes": {"level": "WARNING"},
        # One line for every wake-up call says nothing.
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING", "filters": ["without_traceback"]},
        "django_celery_beat": {"level": "WARNING"},
    },
}
