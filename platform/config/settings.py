"""Django's settings, under headings. What a deployment may say is in ``env.py``; nothing else is read."""

from __future__ import annotations

from pathlib import Path

import structlog
from structlog.typing import Processor

from config.env import read

ROOT = Path(__file__).resolve().parents[2]
ENV = read()

# --- Mode ---------------------------------------------------------------------------------------
MODE = ENV.mode
DEBUG = False
SECRET_KEY = ENV.secret_key
PUBLIC_URL = ENV.public_url.rstrip("/")
DATA_DIR = Path(ENV.data_dir)
ALLOWED_HOSTS = ENV.allowed_hosts.split(",")

# --- Applications -------------------------------------------------------------------------------
INSTALLED_APPS = [
    "isolation",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "problems",
    "api",
    "work",
    "storage",
    "audit",
    "tenants",
    "speakers",
    "erasure",
    "consent",
    "voices",
    "watermark",
    "synthesis",
    "synthesis.exports",
    "synthesis.refusals",
    "config",
]
MIDDLEWARE = [
    "api.middleware.RequestLog",
    "api.pressure.Pressure",
    "api.middleware.PagesAskNobody",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "platform" / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]

# --- Database: the app role owns nothing; the owner role exists in migrating processes alone --------
APP_ROLE = ENV.database_app_user
_database = {
    "ENGINE": "isolation.postgresql",  # Django's own, with a cheaper look at kept sessions
    "HOST": ENV.database_host,
    "PORT": ENV.database_port,
    "NAME": ENV.database_name,
    "TEST": {"NAME": ENV.database_name},
}
DATABASES = {
    "default": {
        **_database,
        "USER": ENV.database_app_user,
        "PASSWORD": ENV.database_app_password,
        "ATOMIC_REQUESTS": True,
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 60,
    }
}
if ENV.database_pool:  # a server of many short-lived threads: what a thread gives back, the next one takes
    DATABASES["default"] |= {
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": False,  # the pool looks for itself
        "OPTIONS": {"pool": {"min_size": 1, "max_size": int(ENV.database_pool), "timeout": 10}},
    }
if ENV.database_owner_user:
    DATABASES["owner"] = {
        **_database,
        "USER": ENV.database_owner_user,
        "PASSWORD": ENV.database_owner_password,
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Signing in ------------------------------------------------------------------------------------
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
if MODE == "test":  # argon2 is slow on purpose; no test depends on that
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("MinimumLengthValidator", {"min_length": 12}),
        ("UserAttributeSimilarityValidator", {"user_attributes": ("name", "email")}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = MODE == "production"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if MODE == "production" else None
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

# --- Stores ---------------------------------------------------------------------------------------
OBJECT_STORE = ENV.object_store
KEY_STORE = ENV.key_store
UPLOAD_MAX_BYTES = 64 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = UPLOAD_MAX_BYTES
FILE_UPLOAD_MAX_MEMORY_SIZE = UPLOAD_MAX_BYTES  # a clip is never written to a temporary file in clear
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": ENV.redis_url}}

# --- Celery ----------------------------------------------------------------------------------------
CELERY_BROKER_URL = ENV.redis_url
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_ROUTES = {  # everything else stays in "celery"
    "synthesis.stream": {"queue": "stream"},  # threads that speak to listeners who wait
    "synthesis.*": {"queue": "voice"},  # what a GPU host takes
}
STREAMS_URL = ENV.redis_url
STREAMS_AT_ONCE = 64  # of one tenant

# --- Who answers which protocol (a lower package offers it, a higher one answers) ---------------------
REPLY_SEALER = "speakers.sealing.ReplySealer"
HOLDINGS = [
    "synthesis.exports.holdings.ExportHolding",
    "synthesis.holdings.SynthesisHolding",
    "watermark.holdings.MarkHolding",
    "voices.holdings.VoiceHolding",
    "consent.holdings.ConsentHolding",
    "audit.holdings.AuditHolding",
    "api.holdings.ReplyHolding",
    "speakers.holdings.SpeakerHolding",
]
CONSENT_REACTIONS = [
    "synthesis.services.consent_ended",
    "synthesis.exports.services.consent_ended",
    "voices.services.consent_ended",
]
CONSENT_MARK_CHECK = "watermark.selectors.carries_our_mark"
SPEAKER_CHECK = "synthesis.speakercheck.compare"
SPEAKER_USES = "synthesis.selectors.uses_of_speaker"
SWEEPS = [
    "tenants.membership.invitations_sweep",
    "consent.services.consent_expire",
    "storage.jobs.intake_sweep",
    "voices.jobs.sweep_orphans",
    "watermark.jobs.sweep_pending",
    "synthesis.jobs.sweep_orphans",
    "synthesis.halfway.sweep_halfway",
    "synthesis.conversions.jobs.sweep_sources",
    "synthesis.exports.jobs.sweep_orphans",
    "erasure.jobs.erasure_resume",
]
LEDGER_REPLAYS = {"withdrawal": "consent.services.withdrawal_replay"}
MARK_RECORDS = "synthesis.selectors.record_behind"

# --- The voice model ----------------------------------------------------------------------------------
ENGINE = ENV.engine
DEVICE = ENV.device
WEIGHTS_DIR = Path(ENV.weights_dir) if ENV.weights_dir else ROOT / "synthesis" / "weights"

# --- HTTP API ------------------------------------------------------------------------------------------
REQUESTS_AT_ONCE = int(ENV.requests_at_once)  # as many again wait; `config.web` has more threads than both together
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tenants.authentication.KeyAuthentication",
        "tenants.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["tenants.permissions.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["api.throttles.TenantThrottle"],
    "DEFAULT_THROTTLE_RATES": {"tenant": ENV.tenant_rate, "anon": ENV.anonymous_rate},
    "DEFAULT_PAGINATION_CLASS": "api.pagination.NewestFirst",
    "DEFAULT_FILTER_BACKENDS": ["api.filters.AskedFilters"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "api.schema.ProblemSchema",
    "EXCEPTION_HANDLER": "problems.handler.handle",
    "UNAUTHENTICATED_USER": None,
    "NUM_PROXIES": 1 if MODE == "production" else 0,
}
SPECTACULAR_SETTINGS = {
    # Django's converter takes digits alone: a number below zero would be another address.
    "PATH_CONVERTER_OVERRIDES": {"int": {"type": "integer", "minimum": 0}},
    "TITLE": "Consonant",
    "VERSION": "1.0.0",
    "DESCRIPTION": "Clone a voice with its owner's live consent, mark every sound, verify any clip, forget a person.",
    "LICENSE": {"name": "Apache-2.0"},
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "/static/consonant.svg",
    "REDOC_DIST": "SIDECAR",
    "SERVE_PUBLIC": True,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "JobState": "work.models.JobState",
        "SpeakerState": "speakers.models.SpeakerState",
        "RecordingState": [(word, word) for word in ("received", "ingesting", "accepted", "rejected", "cancelled")],
        "VoiceState": "voices.models.VoiceState",
        "VersionState": "voices.models.VersionState",
        "Format": "synthesis.models.FORMATS",
        "StreamFormat": [(word, word) for word in ("pcm", "mulaw", "wav", "mulaw_wav")],
        "Purpose": "consent.terms.PURPOSES",
        "Channel": "consent.terms.CHANNELS",
        "Recipient": "consent.terms.RECIPIENTS",
    },
}

# --- Pages --------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATICFILES_DIRS = [ROOT / "platform" / "config" / "static"]
WHITENOISE_USE_FINDERS = True  # files are read from the packages themselves; nothing is collected
LANGUAGE_CODE = "en"
USE_TZ = True
TIME_ZONE = "UTC"

# --- Logs: one JSON object a line, no personal data ------------------------------------------------------
_shared: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso"),
    structlog.processors.format_exc_info,
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer(),
            "foreign_pre_chain": _shared,
        }
    },
    "handlers": {"stderr": {"class": "config.logs.LineHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": ENV.log_level},
    "loggers": {"django.request": {"level": "ERROR"}, "botocore": {"level": "WARNING"}},
}
structlog.configure(
    processors=[*_shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
