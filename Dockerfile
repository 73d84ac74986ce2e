# syntax=docker/dockerfile:1
# Two images from one file: `web` holds no torch; `worker` adds the voice model. Both run as an ordinary user
# on a read-only root; what they write is /data (keys and state of this host) and /tmp.
#
#   docker build --target web    -t consonant-web .
#   docker build --target worker -t consonant-worker .
#   docker build --target worker -t consonant-worker-gpu --build-arg TORCH_INDEX=https://pypi.org/simple .
ARG PYTHON=3.11-slim-bookworm

# What is installed depends on these two files alone, so that a change of code costs no download.
FROM python:${PYTHON} AS install-web
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PATH=/opt/venv/bin:$PATH
RUN python -m venv /opt/venv
WORKDIR /install
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; \
project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
open('web.txt', 'w').write('\n'.join(project['dependencies'])); \
open('worker.txt', 'w').write('\n'.join(project['optional-dependencies']['worker']))"
RUN pip install -c constraints.txt -r web.txt

# torch first and by itself: left to the resolver, the registry's CUDA build would come.
FROM install-web AS install-worker
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --no-deps --index-url "$TORCH_INDEX" "$(grep '^torch==' worker.txt)" \
    && pip install -c constraints.txt -r worker.txt

FROM python:${PYTHON} AS code
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin consonant \
    && install -d -o consonant -g consonant -m 700 /data
WORKDIR /app
# `platform` is a source root, never a package: both folders stand on the path.
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app:/app/platform PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=config.settings CONSONANT_DATA_DIR=/data
COPY LICENSE manage.py ./
COPY platform platform
COPY voices voices
COPY synthesis synthesis
COPY watermark watermark
USER 10001:10001
VOLUME /data

FROM code AS web
COPY --from=install-web /opt/venv /opt/venv
EXPOSE 8000 8001
CMD ["python", "-m", "config.web", "--bind", "0.0.0.0:8000"]

FROM code AS worker
COPY --from=install-worker /opt/venv /opt/venv
CMD ["celery", "--app", "config.celery", "worker", "--loglevel", "INFO", "--queues", "celery,voice", \
     "--concurrency", "2", "--without-gossip"]
