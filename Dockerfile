# Serves the variants that LiteRT runs: no TensorFlow, no compiler, no pip in the image that ships.
#
#   docker build -t precision-ladder .
#   docker run --read-only -p 8000:8000 -v "$PWD/models:/models:ro" precision-ladder
#
# With what is in models/ inside it, but for the rows of the data, which .dockerignore leaves behind:
#
#   docker build --target with-models -t precision-ladder .
#
# BASE_IMAGE is any image with Python 3.11 to 3.13 as `python3`, and its `venv`.
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS build
WORKDIR /app
COPY requirements-serve.lock .
RUN python3 -m venv /tmp/venv \
 && /tmp/venv/bin/pip install --disable-pip-version-check --no-cache-dir --only-binary :all: \
      --no-deps --require-hashes --requirement requirements-serve.lock --target lib \
 && rm -r lib/bin requirements-serve.lock
COPY bundle bundle
COPY evidence evidence
COPY service service
RUN python3 -m compileall -q .

FROM ${BASE_IMAGE} AS service
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3.*/site-packages/pip* /usr/local/lib/python3.*/ensurepip \
      /usr/lib/python3.*/ensurepip /usr/share/python-wheels /root/.cache
WORKDIR /app
COPY --from=build /app /app
ENV PYTHONPATH=/app:/app/lib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PRECISION_LADDER__MODELS=/models \
    PRECISION_LADDER__HOST=0.0.0.0 \
    PRECISION_LADDER__PORT=8000
USER 65532:65532
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["python3", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PRECISION_LADDER__PORT\"]}/health/ready', timeout=2)"]
ENTRYPOINT ["python3", "-m", "service"]

FROM service AS with-models
COPY models /models

FROM service
